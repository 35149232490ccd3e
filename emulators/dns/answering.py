"""From the message of a question to the message of its answer. No sockets here.

An authoritative server answers for its zones alone and refuses the rest; the resolver follows
aliases from zone to zone. Names are lower case in zones; an answer repeats the question's spelling.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.message import Message, QueryMessage
from dns.name import Name
from dns.rdatatype import RdataType

from emulators.dns.world import World
from emulators.dns.zones import Found

_LONGEST_CHAIN = 8
Answerer = Callable[[Name, RdataType], tuple[Found, int]]


def parse(wire: bytes) -> Message | None:
    """The question in a datagram or segment, or None for what deserves no answer."""
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError, IndexError):
        return None
    return None if message.flags & dns.flags.QR else message


def respond(question: Message, answer: Answerer) -> Message:
    """The answer's message. `answer` gives what was found, and the flags that go with it."""
    response = dns.message.make_response(question, recursion_available=False)
    if question.opcode() != dns.opcode.QUERY or not isinstance(question, QueryMessage):
        response.set_rcode(dns.rcode.NOTIMP)
        return response
    if len(question.question) != 1:
        response.set_rcode(dns.rcode.FORMERR)
        return response
    asked = question.question[0]
    if asked.rdclass != dns.rdataclass.IN or dns.rdatatype.is_metatype(asked.rdtype):
        response.set_rcode(dns.rcode.REFUSED)
        return response
    found, flags = answer(asked.name.canonicalize(), asked.rdtype)
    response.flags |= flags
    response.set_rcode(dns.rcode.Rcode(found.rcode))
    response.answer.extend(found.answer)
    response.authority.extend(found.authority)
    return response


def authoritative(world: World, server: str) -> Answerer:
    """Answers as one of the zones' servers does."""

    def answer(name: Name, kind: RdataType) -> tuple[Found, int]:
        zone = world.zone(name, server)
        if zone is None:
            return Found(dns.rcode.REFUSED), 0
        return zone.lookup(name, kind), int(dns.flags.AA)

    return answer


class Resolver:
    """Answers as a resolver does. `cache`: keep answers for their TTL, by the emulated time."""

    def __init__(self, world: World, clock: Callable[[], float]) -> None:
        self._world = world
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[Name, RdataType], tuple[float, Found]] = {}
        self.cache = False

    def reset(self) -> None:
        with self._lock:
            self.cache = False
            self._kept.clear()

    def __call__(self, name: Name, kind: RdataType) -> tuple[Found, int]:
        flags = int(dns.flags.RA)
        now = self._clock()
        with self._lock:
            kept = self._kept.get((name, kind)) if self.cache else None
        if kept is not None and kept[0] + _ttl(kept[1]) > now:
            return _aged(kept[1], int(now - kept[0])), flags
        found = self._resolve(name, kind)
        with self._lock:
            if self.cache:
                self._kept[(name, kind)] = (now, found)
        return found, flags

    def _resolve(self, name: Name, kind: RdataType) -> Found:
        answer: list[dns.rrset.RRset] = []
        for _ in range(_LONGEST_CHAIN):
            zone = self._world.zone(name)
            found = self._elsewhere(name, kind) if zone is None else zone.lookup(name, kind)
            answer += found.answer
            if found.target is None:
                return Found(found.rcode, tuple(answer), found.authority)
            name = found.target
        return Found(dns.rcode.SERVFAIL)

    def _elsewhere(self, name: Name, kind: RdataType) -> Found:
        host = self._world.host(name)
        if host is None:
            return Found(dns.rcode.NXDOMAIN)
        return Found(dns.rcode.NOERROR, (host,) if kind == dns.rdatatype.A else ())


def _ttl(found: Found) -> int:
    return min((one.ttl for one in (*found.answer, *found.authority)), default=0)


def _aged(found: Found, seconds: int) -> Found:
    def older(one: dns.rrset.RRset) -> dns.rrset.RRset:
        return dns.rrset.from_rdata_list(one.name, max(0, one.ttl - seconds), list(one))

    return Found(
        found.rcode,
        tuple(older(one) for one in found.answer),
        tuple(older(one) for one in found.authority),
    )
