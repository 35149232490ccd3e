"""The DNS on loopback: authoritative servers that may differ, and a resolver, for real dnspython.

Layers, each importing only those above it: zones (a zone as a value, and looking up in it), initial
(the zones of a first start), route53 (the hosted zones of the emulated AWS), world (all zones, and
who serves which state of them), answering (a question's message to the answer's), server (sockets),
mta_sts (the HTTPS host of MTA-STS policies), component.
"""
