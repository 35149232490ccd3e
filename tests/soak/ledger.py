"""The account of a run: what was sent, what must become of it, and what did. Pure but for a lock.

Each recipient's address is used once, so that the address alone says which message it is about.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

# What a rule does with a recipient.
RELAY: Final = "relay"
ARCHIVE: Final = "archive"  # and relays it
BOUNCE: Final = "bounce"
DROP: Final = "drop"
NOTHING: Final = "nothing"  # refused, or given up before the end of data

# A next hop's 250 that long before a kill may not have been recorded yet.
UNRECORDED: Final = 30.0
# What was written to the socket before a kill arrives after it.
ON_ITS_WAY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Sent:
    """rule: one of the above. null: without a sender, who would hear of a failure. certain: its 250
    was read; otherwise the session ended after the end of data, and nobody knows."""

    rule: str
    null: bool
    certain: bool


@dataclass(slots=True)
class Account:
    """Recipients by what became of them. lost: with a 250, and nothing to show for it. wrong:
    arrived where they must not. unexplained: arrived twice without a kill in between."""

    accepted: int = 0
    delivered: int = 0
    bounced: int = 0
    dropped: int = 0
    archived: int = 0
    duplicates: int = 0
    unanswered: int = 0
    uncertain: int = 0
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)


class Ledger:
    """Times are seconds of one monotonic clock. accepted, delivered: recipients so far.
    moved: counts all that happened."""

    def __init__(self) -> None:
        self.sent: dict[str, Sent] = {}
        self.arrivals: dict[str, list[float]] = {}
        self.unanswered: Counter[str] = Counter()
        self.refused: set[str] = set()
        self.notices: Counter[str] = Counter()
        self.damaged: list[str] = []
        self.kills: list[float] = []
        self.accepted = 0
        self.delivered = 0
        self.moved = 0
        self._waiting: set[str] = set()
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """Recipients whose messages got 250 and that nothing has come of yet."""
        return len(self._waiting)

    def note_sent(self, address: str, sent: Sent) -> None:
        with self._lock:
            self.sent[address] = sent
            self.moved += 1
            if sent.certain and sent.rule != NOTHING:
                self.accepted += 1
                if not self._met(address):
                    self._waiting.add(address)

    def note_arrival(self, address: str, at: float) -> None:
        """The next hop has it and is about to say 250."""
        with self._lock:
            self.arrivals.setdefault(address, []).append(at)
            self.delivered += 1
            self._changed(address)

    def note_unanswered(self, address: str) -> None:
        """The next hop had all of it and broke the connection instead of an answer."""
        self.unanswered[address] += 1

    def note_refused(self, address: str) -> None:
        """The next hop said 5xx."""
        with self._lock:
            self.refused.add(address)
            self._changed(address)

    def note_notice(self, address: str) -> None:
        """The sender was told that it failed."""
        with self._lock:
            self.notices[address] += 1
            self._changed(address)

    def _changed(self, address: str) -> None:
        self.moved += 1
        if address in self._waiting and self._met(address):
            self._waiting.remove(address)

    def _met(self, address: str) -> bool:
        """Whether what its rule says has come of it."""
        sent = self.sent[address]
        told = sent.null or self.notices[address] > 0
        match sent.rule:
            case "relay" | "archive":
                return address in self.arrivals or (address in self.refused and told)
            case "bounce":
                return told
            case _:
                return True

    def close(self, archived: Collection[str]) -> Account:
        """The account at the end. archived: recipients of the copies in the archive."""
        account = Account()
        for address, sent in self.sent.items():
            if not sent.certain:
                account.uncertain += 1
                continue
            if sent.rule == NOTHING:
                continue
            account.accepted += 1
            account.delivered += address in self.arrivals
            account.bounced += self.notices[address] > 0
            account.dropped += sent.rule == DROP
            if not self._met(address) or (sent.rule == ARCHIVE and address not in archived):
                account.lost.append(address)
        account.archived = len(archived)
        account.unanswered = self.unanswered.total()
        account.wrong = sorted(
            {address for address in self.arrivals if not self._may(address, (RELAY, ARCHIVE))}
            | {address for address in archived if not self._may(address, (ARCHIVE,))}
            | {address for address in self.notices if not self._may_be_told(address)}
        )
        for address, times in self.arrivals.items():
            for first, second in pairwise(times):
                account.duplicates += 1
                if not self._explained(first, second):
                    account.unexplained.append(address)
        account.duplicates += sum(count - 1 for count in self.notices.values())
        if not self.kills:
            account.unexplained += [each for each, count in self.notices.items() if count > 1]
        return account

    def _may(self, address: str, rules: tuple[str, ...]) -> bool:
        return address in self.sent and self.sent[address].rule in rules

    def _may_be_told(self, address: str) -> bool:
        if address not in self.sent or self.sent[address].null:
            return False
        return self.sent[address].rule == BOUNCE or address in self.refused

    def _explained(self, first: float, second: float) -> bool:
        """A worker was killed before the first 250 was on record."""
        return any(
            -ON_ITS_WAY <= kill - first <= UNRECORDED and kill <= second for kill in self.kills
        )
