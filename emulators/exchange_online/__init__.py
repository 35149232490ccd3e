"""Exchange Online's admin API on loopback: the InvokeCommand protocol and the cmdlets behind it.

Layers, each importing only those above it: errors (what is refused, and its envelope), addresses
(canonical forms of what the service stores), parameters (binding of a cmdlet's parameters),
organization (all state, with its lags), the cmdlets (connection_filter, content_filter, connectors,
tenant, trace), catalog (all of them, and who may run them), wire (type notes and paging), app (the
WSGI application), component.
"""
