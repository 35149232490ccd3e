"""Mailboxes on loopback: Google's MX, the company's Exchange, and a forwarder that plays addresses.

Layers, each importing only those above it: maildrop (delivered mail, kept in memory), smtp (a
strict server on aiosmtpd), stamps (the headers that Google's MX writes, a pure function),
google_mx, exchange, forwarder, component (all of it as a part of the emulators).
"""
