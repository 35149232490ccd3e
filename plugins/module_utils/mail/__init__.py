# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the providers have in common: verdicts, the trace in a message, and the live probe.

Layers, each importing only those above it: verdict (the words and shapes of a judgement), hops
(the Received fields of a message), probe (the message that is sent), all pure; smtp and imap (I/O);
proof (what a probe that came back proves, pure; it asks the judges of the providers' own folders).
"""
