"""Gatepost: the Mail Manager policy language and the relay daemon that runs it.

Layers, each importing only those above it in this list:

policy     pure: documents, admission, plans; standard library alone
smtp       bytes in, replies out; knows nothing of policy
spool      the promise of the 250: messages and their steps on stable storage
queue      when a step is due, and who may run it
delivery   next hops: connections, TLS, credentials, outcomes, DSNs
config     the daemon's file, read and judged
daemon     processes and wiring
cli        commands for people
"""

__version__ = "0.1.0"
