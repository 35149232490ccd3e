# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the DNS says of a mail domain, and what must change there before its MX moves.

Layers, each importing only those above it: records (texts into values, pure), resolver (questions
by dnspython), policy_file (the MTA-STS policy over HTTPS), facts (everything that is read, in one
value), judgement (what it means for a gateway, pure), mx (moving the MX in Route 53).
"""
