"""Microsoft Graph on loopback: reading the mailboxes of the emulated organization.

Layers, each importing only those above it: errors, query (the OData options, strictly), messages
(a delivery as a message resource), app (the WSGI application), component.
"""
