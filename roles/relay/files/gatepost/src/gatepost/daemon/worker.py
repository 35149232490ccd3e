"""A worker: one event loop that takes mail on the inherited sockets, owns its shard of the spool,
and delivers from it. Started by the supervisor as `python -P -m gatepost.daemon.worker DESCRIPTOR`.

It lives as long as the supervisor's end of the channel. Told to stop, by the supervisor or by
SIGTERM, it ends what is in flight within limits.drain and what is queued stays queued. Left alone,
it ends at once: the spool is made for that, and a new daemon may be waiting for it.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

import uvloop

from gatepost.config import load
from gatepost.daemon.assembly import Assembly
from gatepost.daemon.channel import LINE_MAX, Channel
from gatepost.daemon.log import JsonLog, descriptor, to_all
from gatepost.daemon.metrics import Tally
from gatepost.errors import GatepostError
from gatepost.spool.interface import SpoolError


class Worker:
    def __init__(self) -> None:
        self._tally = Tally()
        self._stop = asyncio.Event()
        self._booted: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._assembly: Assembly | None = None

    async def run(self, channel_descriptor: int) -> int:
        reader, writer = await asyncio.open_unix_connection(
            sock=socket.socket(fileno=channel_descriptor), limit=LINE_MAX
        )
        requests = {"boot": self._boot, "stop": self._told_to_stop}
        channel = Channel(reader, writer, requests)
        connected = asyncio.create_task(channel.run())
        stop = asyncio.create_task(self._stop.wait())
        waited: set[asyncio.Future[Any]] = {stop, connected}
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop.set)
        booting: set[asyncio.Future[Any]] = {self._booted, connected}
        await asyncio.wait(booting, return_when=asyncio.FIRST_COMPLETED)
        if not self._booted.done():
            return 1
        try:
            assembly = await self._start(self._booted.result())
        except (GatepostError, SpoolError, OSError) as error:
            await channel.ask("unable", reason=str(error))
            return 1
        requests.update(self._requests(assembly))
        channel.tell("ready")
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if connected.done():
            return 1
        await assembly.stop()
        # The last counts; the answer says that they have arrived.
        await channel.ask("tally", delta=self._tally.take())
        return 0

    async def _start(self, boot: dict[str, Any]) -> Assembly:
        config = load(boot["file"], boot["document"])
        record = to_all(JsonLog(descriptor(config.log.to), worker=boot["index"]), self._tally)
        assembly = Assembly(config, boot["index"], boot["workers"], record)
        sockets = {
            (host, port): socket.socket(fileno=number) for host, port, number in boot["listeners"]
        }
        await assembly.start(sockets, boot["suspended"])
        return assembly

    def _requests(self, assembly: Assembly) -> dict[str, Any]:
        async def metrics() -> Any:
            return {"counts": self._tally.take(), "gauges": assembly.gauges()}

        async def reload(document: Any) -> None:
            await assembly.reload(load(assembly.config.file, document))

        async def drain() -> Any:
            await assembly.drain()
            return {}

        async def suspended(destinations: Sequence[str]) -> Any:
            assembly.suspend(destinations)
            return {}

        async def resume(destination: str) -> Any:
            return {"resumed": assembly.resume(destination)}

        async def status() -> Any:
            return assembly.status()

        async def look() -> Any:
            return assembly.look()

        return {
            "metrics": metrics,
            "reload": reload,
            "drain": drain,
            "suspended": suspended,
            "resume": resume,
            "status": status,
            "look": look,
            **assembly.queue_requests(),
        }

    async def _boot(self, **boot: Any) -> None:
        self._booted.set_result(boot)

    async def _told_to_stop(self) -> None:
        self._stop.set()


async def _run(channel_descriptor: int) -> int:
    return await Worker().run(channel_descriptor)


def main() -> int:
    # Ctrl-C reaches the whole group; the supervisor says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    status: int = uvloop.run(_run(int(sys.argv[1])))
    return status


if __name__ == "__main__":
    sys.exit(main())
