# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Exchange Online: the settings behind a gateway, read and changed by the InvokeCommand protocol.

Layers, each importing only those above it: clouds (end points as data), protocol (requests and
replies, pure), patience (what is tried again), login (access tokens by msal), transport (the only
I/O with Exchange), graph (the only I/O with Graph), values (canonical values, pure), settle
(writing, and reading until it shows), then one file a resource: connection_filter, content_filter,
inbound_connector; headers (what a delivered message proves) and verdicts (all of it, a setting at
a time), both pure; main (the one place that knows the Ansible module).
"""
