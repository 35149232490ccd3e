"""What becomes one transaction, in which order, and when."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatepost.spool.handover import HandOver, Work
from gatepost.spool.interface import SpoolError
from gatepost.spool.writer import Batch, Transaction

from .builders import message


class Committer:
    """Keeps what it is handed."""

    def __init__(self, linger: float = 60.0) -> None:
        self.batches: list[Batch] = []
        self.done: list[Work] = []
        self.handover = HandOver(self.batches.append, self._done, linger)

    def _done(self, work: Work, transaction: Transaction, error: SpoolError | None) -> None:
        self.done.append(work)
        work.end(error)

    def add(self, name: str, **fields: Any) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        empty: dict[str, Any] = {"data": (), "items": [], "messages": ()}
        work = Work([[name]], futures=[future], **{**empty, **fields})
        self.handover.add(work)
        return future

    def mail(self, name: str) -> asyncio.Future[None]:
        return self.add(name, data=[b"envelope", b"body"], messages=[(message(name), b"body")])

    def settle(self, name: str) -> asyncio.Future[None]:
        return self.add(name, items=[name])

    def move(self, name: str) -> asyncio.Future[None]:
        return self.add(name, data=[b"envelope and body"])

    @property
    def written(self) -> list[list[bytes]]:
        return [[transaction.meta for transaction in batch] for batch in self.batches]


async def test_new_mail_goes_at_the_end_of_the_turn_with_what_settles() -> None:
    it = Committer()
    it.settle("a")
    it.mail("b")
    it.settle("c")
    it.mail("d")
    assert it.written == []
    await asyncio.sleep(0)
    assert it.written == [[b'[["a"],["c"]]', b'[["b"]]', b'[["d"]]']]
    assert [transaction.settles for transaction in it.batches[0]] == [True, False, False]


async def test_what_settles_after_a_move_follows_it_in_the_log() -> None:
    it = Committer()
    for name in ("a", "b"):
        it.settle(name)
    it.move("moved")
    it.settle("c")
    await asyncio.sleep(0)
    assert it.written == [[b'[["a"],["b"]]', b'[["moved"]]', b'[["c"]]']]


async def test_what_only_settles_waits_a_moment() -> None:
    it = Committer(linger=0.01)
    it.settle("a")
    await asyncio.sleep(0)
    assert it.written == []
    it.settle("b")
    async with asyncio.timeout(10):
        while not it.batches:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert it.written == [[b'[["a"],["b"]]']]


async def test_everybody_hears_how_it_ended() -> None:
    it = Committer()
    futures = [it.settle("a"), it.settle("b"), it.settle("c")]
    futures[1].cancel()
    it.handover.flush()
    (transaction,) = it.batches[0]
    transaction.ended(transaction, SpoolError("no"))
    assert futures[1].cancelled()
    for future in (futures[0], futures[2]):
        with pytest.raises(SpoolError, match="no"):
            await future
    assert [work.operations for work in it.done] == [[["a"], ["b"], ["c"]]]
