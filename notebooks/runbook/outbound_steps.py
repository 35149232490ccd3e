"""What the server behind an outbound relay says of the page's values. Pure."""

from __future__ import annotations

from .smtp_server import NOT_TRIED, Seen
from .values import Reading, Step, Verdict, judge, show
from .wanted import Relays

LIVE = "Outbound, live:"


def live(seen: Seen, wanted: Relays) -> list[Step]:
    """seen: the server as this machine sees it; Mail Manager may see another one."""
    return [
        _told(
            f"{LIVE} server, 1 and 2: host name and port",
            f"{wanted.outbound_host}:{wanted.outbound_port} greets",
            seen.greeting,
            good=bool(seen.greeting.value),
        ),
        _told(
            f"{LIVE} TLS",
            "STARTTLS is offered, so that the password is not sent in clear",
            seen.tls,
            good=bool(seen.tls.value),
            more=seen.certificate,
        ),
        _told(
            f"{LIVE} authentication, 3",
            "AUTH LOGIN or PLAIN is offered after TLS",
            seen.mechanisms,
            good=bool({"LOGIN", "PLAIN"} & set(seen.mechanisms.value or ())),
        ),
        judge(
            f"{LIVE} user name and password, 3.2",
            "the server takes those of the secret",
            seen.signed_in,
            "taken",
            seen.signed_in.value,
        ),
    ]


def _told(
    step: str, asked: str, reading: Reading, *, good: bool, more: Reading = NOT_TRIED
) -> Step:
    if reading.problem:
        return judge(step, asked, reading, "")
    found = show(reading.value) if reading.value is not None else "none"
    if more.value:
        found += f", certificate: {more.value}"
    verdict: Verdict = "verified" if good else "failed"
    return Step(step, asked, found, verdict, reading.source)
