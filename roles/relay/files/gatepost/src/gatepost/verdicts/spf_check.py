"""SPF (RFC 7208) of a client's address for MAIL FROM, or for HELO where the sender is null.

pyspf judges; it asks DNS in the midst of its work and waits. Here it never waits: it is run on the
answers that are known, stops at the first question that is not among them, and is run again when
the answer has come. A run costs a fraction of a millisecond and an evaluation asks a handful of
questions, so that no thread waits for a slow name server and nothing blocks the event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import spf
from dns.rdata import Rdata

from gatepost.dnspython import ascii_domain
from gatepost.resolver import Unreadable
from gatepost.verdicts.results import Result

# RFC 7208 section 4.6.4 allows ten terms of ten names each; pyspf keeps those limits itself.
_QUESTIONS_MAX: Final = 150
# A longer record is no honest one, and costs pyspf more than linear time.
_RECORD_MAX: Final = 4096

Ask = Callable[[str, str], Awaitable[Sequence[Rdata]]]
_Question = tuple[str, str]
# None: no answer came.
_Answers = Mapping[_Question, list[Any] | None]


async def check(ask: Ask, source_ip: str, helo: str, mail_from: str) -> Result:
    """mail_from: "" is the null sender."""
    local, _at, given = mail_from.rpartition("@")
    domain = ascii_domain(given if mail_from else helo)
    if domain is None:
        return Result("none", "", "no domain to ask")
    sender = f"{local or 'postmaster'}@{domain}"
    answers: dict[_Question, list[Any] | None] = {}
    for _run in range(_QUESTIONS_MAX):
        try:
            query = _Query(answers, source_ip, sender, ascii_domain(helo) or "unknown")
            word, _code, text = query.check()
        except _Wanted as wanted:
            name, kind = wanted.question
            try:
                answers[wanted.question] = _read(kind, await ask(name, kind))
            except Unreadable:
                answers[wanted.question] = None
        except Exception as error:  # a record that pyspf stumbles over
            return Result("permerror", domain, f"cannot be evaluated ({type(error).__name__})")
        else:
            return Result(word, domain, text if word.endswith("error") else "")
    return Result("permerror", domain, "needs too many DNS lookups")


class _Wanted(Exception):
    """The answer to this question is not known yet."""

    def __init__(self, question: _Question) -> None:
        super().__init__(question)
        self.question = question


class _Query(spf.query):  # type: ignore[misc]  # pyspf has no types
    """pyspf's evaluation, on answers that are there."""

    def __init__(self, answers: _Answers, source_ip: str, sender: str, helo: str) -> None:
        super().__init__(source_ip, sender, helo)
        self._answers = answers

    def dns(
        self,
        name: str,
        qtype: str,
        cnames: object = None,  # noqa: ARG002 - the resolver follows aliases
        ignore_void: bool = False,
    ) -> list[Any]:
        name = name.removesuffix(".").lower()
        if not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        if (name, qtype) not in self._answers:
            raise _Wanted((name, qtype))
        found = self._answers[name, qtype]
        if found is None:
            raise spf.TempError(f"no answer for {name} {qtype}")
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"more than {spf.MAX_VOID_LOOKUPS} void lookups")
        return found

    def dns_spf(self, domain: str) -> str | None:
        record: str | None = super().dns_spf(domain)
        if record is not None and len(record) > _RECORD_MAX:
            raise spf.PermError("the record is too long")
        return record

    def validated_ptrs(self) -> list[str]:
        """RFC 7208 section 5.5: names that cannot be looked up do not match, nothing more."""
        try:
            names = self.dns_ptr(self.i)[: spf.MAX_PTR]
        except spf.TempError:
            return []
        found = []
        for name in names:
            try:
                if self.cidrmatch(self.dns_a(name, self.A), self.cidrmax):
                    found.append(name)
            except spf.TempError:
                continue
        return found

    def get_explanation(self, spec: str) -> None:
        """Nobody is told it, so it is not asked for."""


def _read(kind: str, records: Sequence[Rdata]) -> list[Any]:
    """Records as pyspf takes them. They are read by attribute: the resolver gives what was asked
    for and nothing else."""
    found: list[Any] = []
    for record in records:
        each: Any = record
        match kind:
            case "A" | "AAAA":
                found.append(each.address)
            case "MX":
                found.append((each.preference, each.exchange.to_text(omit_final_dot=True)))
            case "PTR":
                found.append(each.target.to_text(omit_final_dot=True))
            case _:
                found.append(list(each.strings))
    return found
