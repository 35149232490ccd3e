"""Microsoft's identity platform on loopback: what real msal asks for, over TLS.

Layers, each importing only those above it: clouds (national clouds as data), errors (AADSTS
refusals), directory (the tenant: applications, credentials, roles), assertions (the judge of a
client assertion, a pure function), tokens (access tokens that are made and judged), app (the
discovery and token endpoints), imds (the managed identity endpoint), component.
"""
