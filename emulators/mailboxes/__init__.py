"""Mailboxes on loopback: both providers' MX, the company's Exchange, and what plays addresses.

Layers, each importing only those above it: smtp (a strict server on aiosmtpd), senders (what the
world's DNS says, and SPF and DMARC by it), stamps and eop with microsoft_stamps (what Google and
Microsoft decide and write, pure functions), google_mx, microsoft_mx, exchange, forwarder, servers,
component (all of it as a part of the emulators).
"""
