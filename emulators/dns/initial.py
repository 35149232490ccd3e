"""The zones of a first start: both mail domains, where their mail goes, and the servers' own names.

Mail hosts are on loopback; their ports are in emulators.json.
"""

from __future__ import annotations

from emulators.dns.zones import DEFAULT_TTL, Zone, new_zone, record_set

# Name servers of every zone that is not in Route 53, and the addresses that they answer at.
SERVERS = {"ns1.example.net": "127.0.0.2", "ns2.example.net": "127.0.0.3"}
LOOPBACK = "127.0.0.1"

_RECORDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "acme.com": (
        ("acme.com", "MX", "0 acme-com.mail.protection.outlook.com."),
        ("acme.com", "TXT", "v=spf1 include:spf.protection.outlook.com -all"),
        ("_dmarc.acme.com", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@acme.com"),
    ),
    "example.com": (
        ("example.com", "MX", "1 aspmx.l.google.com."),
        ("example.com", "TXT", "v=spf1 include:_spf.google.com ~all"),
        ("_dmarc.example.com", "TXT", "v=DMARC1; p=none; rua=mailto:dmarc@example.com"),
    ),
    "example.net": (
        *((name, "A", address) for name, address in SERVERS.items()),
        ("exchange.example.net", "A", LOOPBACK),
        ("mx1.example.net", "A", LOOPBACK),
        ("mx2.example.net", "A", LOOPBACK),
    ),
    "outlook.com": (
        ("*.mail.protection.outlook.com", "A", LOOPBACK),
        ("spf.protection.outlook.com", "TXT", "v=spf1 ip4:40.92.0.0/15 -all"),
    ),
    "google.com": (
        ("aspmx.l.google.com", "A", LOOPBACK),
        ("_spf.google.com", "TXT", "v=spf1 ip4:35.190.247.0/24 ~all"),
    ),
    "gmail.com": (
        ("gmail.com", "TXT", "v=spf1 ip4:209.85.128.0/17 ~all"),
        ("_dmarc.gmail.com", "TXT", "v=DMARC1; p=none; sp=quarantine"),
    ),
}


def zones() -> tuple[Zone, ...]:
    return tuple(
        new_zone(
            name,
            list(SERVERS),
            [record_set(owner, kind, DEFAULT_TTL, [value]) for owner, kind, value in records],
        )
        for name, records in _RECORDS.items()
    )
