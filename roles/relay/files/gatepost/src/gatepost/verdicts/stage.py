"""The stage: finds out what decisions lack, all of it at once and under one deadline a message.

A decision is made first without verdicts; what it names as missing, and no more, is asked for here,
and it is made again. So a message whose other conditions decide, and every message under rules that
name no verdict, costs nothing. When the deadline passes, what is not known is PROCESSING_FAILED; a
DMARC policy stays unknown, and the decision undecided.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

from gatepost.events import Record
from gatepost.policy.message import Message
from gatepost.policy.values import Verdicts
from gatepost.resolver import Resolver, Unreadable
from gatepost.verdicts import dkim_check, dmarc, spf_check
from gatepost.verdicts.analyzers import AnalysisFailed, Client
from gatepost.verdicts.body import unstuffed
from gatepost.verdicts.results import PROCESSING_FAILED, RESULTS, Result
from gatepost.verdicts.values import Mail, Target

# For hashes and signatures, which are short; nothing waits in them.
_THREADS: Final = 4
_LATE: Final = "the time was over"


@dataclass(frozen=True, slots=True)
class Settings:
    """analyzers: by the spelling that documents have. seconds: the deadline of one message, or of
    one recipient at RCPT."""

    hostname: str
    seconds: float
    analyzers: Mapping[str, Target] = field(default_factory=dict)


class Stage:
    """One a worker; of use once it is configured."""

    resolver: Resolver
    seconds: float

    def __init__(self, record: Record) -> None:
        self.record = record
        self.analyzers: Mapping[str, Client] = {}
        self._pool: Executor | None = None

    async def configure(self, settings: Settings, resolver: Resolver) -> None:
        """At a start and at a reload. What is being asked for goes on as it began."""
        old = self.analyzers
        self.resolver = resolver
        self.seconds = settings.seconds
        clients = {
            id(each): Client(each, settings.hostname, settings.seconds)
            for each in settings.analyzers.values()
        }
        self.analyzers = {name: clients[id(each)] for name, each in settings.analyzers.items()}
        await _retire(old)

    @property
    def pool(self) -> Executor:
        """Threads, from the first use on."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="verdicts")
        return self._pool

    def inquire(self, mail: Mail, message: Message | None = None, **about: str) -> Inquiry:
        """message: None at RCPT. about: fields of the events."""
        return Inquiry(self, mail, message, about)

    async def close(self) -> None:
        await _retire(self.analyzers)
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


async def _retire(analyzers: Mapping[str, Client]) -> None:
    await asyncio.gather(*(client.retire() for client in {*analyzers.values()}))


class Inquiry:
    """What was found out about one message, or about one recipient at RCPT."""

    def __init__(
        self, stage: Stage, mail: Mail, message: Message | None, about: Mapping[str, str]
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
        session = self._mail.session
        return await spf_check.check(
            self._stage.resolver.ask, session.source_ip, session.helo, self._mail.mail_from
        )

    async def _dkim(self) -> Result:
        return await dkim_check.check(
            self._stage.resolver.texts, await self._plain() or b"", self._stage.pool
        )

    async def _dmarc(self) -> None:
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
        """The message itself, made once."""
        if self._message is not None and self._content is None:
            loop = asyncio.get_running_loop()
            body = self._message.body
            self._content = await loop.run_in_executor(self._stage.pool, unstuffed, body)
        return self._content

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
