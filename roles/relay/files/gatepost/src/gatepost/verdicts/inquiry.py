"""What is found out about one message: only what decisions lack, all of it at once and under one
deadline.

When the deadline passes, what is not known is PROCESSING_FAILED; a DMARC policy stays unknown, and
the decision undecided. Of the message at most one copy is held, however many checks read it, and it
is counted with what is being received (limits.memory). The checks are imported where they are
called: `daemon/parts.py` has done so at a start for those that the documents name.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final, Protocol

from gatepost.events import Record
from gatepost.policy.message import Message
from gatepost.policy.values import Verdicts
from gatepost.resolver import Resolver, Unreadable
from gatepost.smtp.limits import Load
from gatepost.verdicts.body import unstuffed
from gatepost.verdicts.results import PROCESSING_FAILED, RESULTS, Result
from gatepost.verdicts.values import AnalysisFailed, Mail, Target

if TYPE_CHECKING:
    from gatepost.verdicts.analyzers import Client

_LATE: Final = "the time was over"


class Means(Protocol):
    """What a stage gives its inquiries. seconds: the deadline of each."""

    record: Record
    load: Load
    resolver: Resolver
    seconds: float
    analyzers: Mapping[str, Client]

    @property
    def pool(self) -> Executor: ...


class Inquiry:
    """What was found out about one message, or about one recipient at RCPT. To be closed."""

    def __init__(
        self, stage: Means, mail: Mail, message: Message | None, about: Mapping[str, str]
    ) -> None:
        self._stage = stage
        self._mail = mail
        self._message = message
        self._about = about
        self._until: float | None = None
        self._asked: set[str] = set()
        self._verdicts: dict[str, str] = {}
        self._analysis: dict[tuple[str, str], str | bool | float] = {}
        self._answers: dict[str, asyncio.Task[tuple[Target, Mapping[str, Any]]]] = {}
        self._content: bytes | None = None

    def close(self) -> None:
        """Lets the message go; nothing is found out from then on."""
        if self._content is not None and self._message is not None:
            self._stage.load.memory -= self._copied(self._content, self._message.body)
        self._content = self._message = None

    @property
    def verdicts(self) -> Verdicts:
        return Verdicts(**self._verdicts, analysis=dict(self._analysis))

    def unasked(self, needs: Iterable[str]) -> frozenset[str]:
        """Those that can be asked for, and were not yet. needs: as in `conditions.Compiled`."""
        return frozenset(
            each for each in needs if each not in self._asked and self._can_be_asked(each)
        )

    def _can_be_asked(self, need: str) -> bool:
        kind, _colon, rest = need.partition(":")
        if kind == "analysis":
            return rest.rpartition(":")[0] in self._stage.analyzers
        return kind in ("spf", "dkim", "dmarc") and self._message is not None

    async def find(self, needs: Iterable[str]) -> None:
        """Asks for all at once. needs: `unasked`."""
        if self._until is None:
            self._until = asyncio.get_running_loop().time() + self._stage.seconds
        wanted = sorted(needs)
        self._asked.update(wanted)
        await asyncio.gather(*(self._find(need) for need in wanted))

    async def _find(self, need: str) -> None:
        match need.partition(":")[0]:
            case "spf":
                await self._result("spf", self._spf)
            case "dkim":
                await self._result("dkim", self._dkim)
            case "dmarc":
                await self._dmarc()
            case _:
                await self._analyze(*need.removeprefix("analysis:").rsplit(":", 1))

    async def _result(self, method: str, check: Callable[[], Awaitable[Result]]) -> None:
        started = time.perf_counter()
        try:
            async with asyncio.timeout_at(self._until):
                found = await check()
        except TimeoutError:
            found = Result("temperror", "", _LATE)
        verdict = self._verdicts[method] = RESULTS[found.word]
        self._note(method, found, verdict, started)

    async def _spf(self) -> Result:
        from gatepost.verdicts import spf_check

        session = self._mail.session
        return await spf_check.check(
            self._stage.resolver.ask, session.source_ip, session.helo, self._mail.mail_from
        )

    async def _dkim(self) -> Result:
        from gatepost.verdicts import dkim_check

        return await dkim_check.check(
            self._stage.resolver.texts, await self._plain() or b"", self._stage.pool
        )

    async def _dmarc(self) -> None:
        from gatepost.verdicts import dmarc

        started = time.perf_counter()
        assert self._message is not None  # noqa: S101
        authors = [each.raw for each in self._message.addresses("from")]
        try:
            async with asyncio.timeout_at(self._until):
                found = await dmarc.policy(self._stage.resolver.texts, authors)
        except (Unreadable, TimeoutError) as error:
            unknown = Result("temperror", "", str(error) or _LATE)
            self._note("dmarc", unknown, "unknown", started)
            return
        verdict = self._verdicts["dmarc"] = found.word.upper()
        self._note("dmarc", found, verdict, started)

    async def _analyze(self, analyzer: str, field: str) -> None:
        started = time.perf_counter()
        if analyzer not in self._answers:
            self._answers[analyzer] = asyncio.ensure_future(self._answer(analyzer))
        value, reason = None, ""
        try:
            target, answer = await self._answers[analyzer]
            value = target.value(answer, field)
            reason = "" if value is not None else f"the answer has no field {field}"
        except (AnalysisFailed, TimeoutError) as error:
            reason = str(error) or _LATE
        self._analysis[analyzer, field] = PROCESSING_FAILED if value is None else value
        self._stage.record(
            "Verdict",
            method="analysis",
            verdict=PROCESSING_FAILED if value is None else _verdict(value),
            result=None if value is None else str(value),
            analyzer=analyzer,
            field=field,
            reason=reason or None,
            seconds=round(time.perf_counter() - started, 6),
            **self._about,
        )

    async def _answer(self, analyzer: str) -> tuple[Target, Mapping[str, Any]]:
        async with asyncio.timeout_at(self._until):
            message = await self._plain()
            client = self._stage.analyzers.get(analyzer)
            if client is None:
                raise AnalysisFailed("is not bound any more")
            return client.target, await client.ask(self._mail, message)

    async def _plain(self) -> bytes | None:
        """The message itself, made once; counted where it is a copy."""
        message = self._message
        if message is not None and self._content is None:
            loop = asyncio.get_running_loop()
            content = await loop.run_in_executor(self._stage.pool, unstuffed, message.body)
            if self._content is None and self._message is not None:  # who asked beside us, is late
                self._content = content
                self._stage.load.memory += self._copied(content, message.body)
        return self._content

    @staticmethod
    def _copied(content: bytes, body: bytes) -> int:
        return 0 if content is body else len(content)

    def _note(self, method: str, found: Result, verdict: str, started: float) -> None:
        self._stage.record(
            "Verdict",
            method=method,
            verdict=verdict,
            result=found.word,
            domain=found.domain or None,
            reason=found.reason or None,
            seconds=round(time.perf_counter() - started, 6),
            **self._about,
        )


def _verdict(value: str | bool | float) -> str:
    """A value as metrics call it: of all that analyzers may say, the API's words alone."""
    word = str(value).upper()
    return word if word in {*RESULTS.values()} else "other"
