# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the providers have in common: verdicts, the trace in a message, and the live probe.

verdict (the words and shapes of a judgement), hops (the Received fields of a message), message (the
probe itself), proof (what a probe that came back proves) are pure; smtp, imap and mailbox are I/O.
"""
