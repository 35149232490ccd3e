"""Google Workspace on loopback: one tenant, its token endpoint, the APIs that tell about mail.

Layers, each importing only those above it: gateway (the inbound gateway setting, a value), tenant
(all state, one lock), errors, discovery (what Google's own API description permits), tokens and
the handlers gmail, policies and reports, app (WSGI), component (the emulator as a part).
"""
