# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inbound gateway of Google Workspace: what is wanted, what can be known, how it is read.

Layers, each importing only those above it: settings (what is wanted, and its hash), headers (what
a delivered message proves), attestation (a named person's statement), evidence (what the Policy
API and the audit log say), verdicts (all of it, a setting at a time), client (the only I/O with
Google), inbound_gateway (one function that puts them together).
"""
