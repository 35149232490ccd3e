"""The queue requests of the control socket, as one worker carries them out on its own shards."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gatepost.daemon import queue_view
from gatepost.daemon.channel import Handler
from gatepost.daemon.queue_view import Selection
from gatepost.daemon.shard import Shard
from gatepost.errors import GatepostError
from gatepost.events import Record
from gatepost.spool.interface import Entry, Spool, State


class QueueRequests:
    """shards: those that the worker has now. new_id: makes message ids."""

    def __init__(
        self,
        shards: Callable[[], Sequence[Shard]],
        new_id: Callable[[float], str],
        clock: Callable[[], float],
        record: Record,
    ) -> None:
        self._shards = shards
        self._new_id = new_id
        self._clock = clock
        self._record = record

    def handlers(self) -> Mapping[str, Handler]:
        return {
            "queue.list": self._list,
            "queue.show": self._show,
            "queue.age": self._age,
            "queue.flush": self._flush,
            "queue.hold": self._hold,
            "queue.release": self._release,
            "queue.delete": self._delete,
            "queue.requeue": self._requeue,
        }

    async def _list(self, limit: int = 0, **selection: Any) -> Any:
        return queue_view.listing(await self._all(), Selection.of(selection), limit)

    async def _age(self, **selection: Any) -> Any:
        return queue_view.ages(await self._all(), Selection.of(selection), self._clock())

    async def _show(self, ids: Sequence[str]) -> Any:
        shown = []
        for spool, entries in await self._selected(Selection(ids=tuple(ids))):
            for message_id in sorted({entry.message.id for entry in entries}):
                header = queue_view.header_of(await spool.body(message_id))
                mine = [entry for entry in entries if entry.message.id == message_id]
                shown.append(queue_view.details(mine, header))
        return {"messages": shown}

    async def _flush(self, **selection: Any) -> Any:
        wanted = _meant(selection)
        changed = sum([await shard.scheduler.flush(wanted) for shard in self._shards()])
        self._record("Operator", request="flush", steps=changed)
        return {"changed": changed}

    async def _hold(self, **selection: Any) -> Any:
        return await self._change("hold", selection, State.HELD)

    async def _release(self, **selection: Any) -> Any:
        return await self._change("release", selection, State.PENDING)

    async def _change(self, what: str, selection: Mapping[str, Any], state: State) -> Any:
        changed = 0
        due_at = None if state is State.HELD else self._clock()
        for spool, entries in await self._selected(_meant(selection)):
            keys = [entry.key for entry in entries if entry.state is not state]
            changed += await spool.change(keys, state=state, due_at=due_at)
        self._record("Operator", request=what, steps=changed)
        return {"changed": changed}

    async def _delete(self, **selection: Any) -> Any:
        changed = 0
        for spool, entries in await self._selected(_meant(selection)):
            changed += await spool.delete([entry.key for entry in entries])
        self._record("Operator", request="delete", steps=changed)
        return {"changed": changed}

    async def _requeue(self, **selection: Any) -> Any:
        """Accepts the remaining steps anew under another id, then deletes the old ones: attempts,
        schedule and expiry start over, the decisions stay. A crash in between leaves both."""
        changed = 0
        for spool, entries in await self._selected(_meant(selection)):
            for message_id in sorted({entry.message.id for entry in entries}):
                mine = [entry for entry in entries if entry.message.id == message_id]
                now = self._clock()
                body = await spool.body(message_id)
                fresh = dataclasses.replace(
                    mine[0].message,
                    id=self._new_id(now),
                    received_at=now,
                    steps=tuple(entry.message.steps[entry.step] for entry in mine),
                )
                await spool.accept(fresh, body)
                await spool.delete([entry.key for entry in mine])
                changed += len(mine)
                self._record("Requeue", id=message_id, new_id=fresh.id, steps=len(mine))
        return {"changed": changed}

    async def _all(self) -> list[Entry]:
        return [entry for shard in self._shards() async for entry in shard.spool.scan()]

    async def _selected(self, selection: Selection) -> list[tuple[Spool, list[Entry]]]:
        return [
            (shard.spool, [entry async for entry in shard.spool.scan() if selection(entry)])
            for shard in self._shards()
        ]


def _meant(parameters: Mapping[str, Any]) -> Selection:
    """A change concerns nothing by default: everything must be asked for by name."""
    selection = Selection.of(parameters)
    if selection.empty:
        raise GatepostError("names no message: give ids, a destination, an address, or all")
    return selection
