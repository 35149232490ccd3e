"""The supervisor: holds the listeners, the control socket and the metrics endpoint, keeps the
workers alive, and touches no mail.

Life: bind everything (an address in use is an error before anything starts), start the workers, say
READY when each takes mail; then signals. SIGTERM and SIGINT stop: workers end what is in flight,
within limits.drain. SIGHUP reloads: the file is judged whole first and the old one stays on any
error; what only a restart can change is named in the log and stays as it was.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gatepost.config import check, document, load
from gatepost.config.values import Config
from gatepost.daemon import binding, control
from gatepost.daemon.channel import ChannelError
from gatepost.daemon.metrics import Delta
from gatepost.daemon.notify import Notifier
from gatepost.daemon.processes import Worker, all_of
from gatepost.daemon.suspensions import Suspensions
from gatepost.daemon.totals import Totals
from gatepost.errors import ConfigError
from gatepost.events import Record

if TYPE_CHECKING:
    from gatepost.daemon.endpoint import Endpoint

# What the workers get over their own drain before they are ended.
_GRACE: Final = 5.0
_ANSWER: Final = 60.0
_TALLY_EVERY: Final = 5.0


class Supervisor:
    """told: what the file said when it was judged (`document.plain`); workers get it, not the file,
    which may change meanwhile."""

    def __init__(self, config: Config, told: Any, record: Record, notifier: Notifier) -> None:
        self._config = config
        self._told = told
        self._record = record
        self._notifier = notifier
        self._totals = Totals()
        _make_directory(config)
        self._suspensions = Suspensions(config.spool.path)
        self._listeners = binding.bind(config)
        self._workers = [
            Worker(
                index,
                self._listeners.values(),
                lambda index=index: self._boot(index),  # type: ignore[misc]
                {"tally": self._tally},
                record,
            )
            for index in range(config.workers)
        ]
        self._stop = asyncio.Event()
        self._draining = False
        self._reloading = asyncio.Lock()
        self._started = time.time()

    async def run(self) -> int:
        """Returns the exit status. Raises ConfigError before any worker was started."""
        loop = asyncio.get_running_loop()
        requests = control.handlers(
            self._ask_all, self._suspensions, self._status, self._drain, self._counts, self._record
        )
        socket = control.ControlSocket(self._config.control, requests)
        endpoint = self._endpoint()
        tasks: set[asyncio.Task[None]] = set()

        def reload() -> None:
            task = asyncio.create_task(self._reload())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        try:
            await socket.open()
            if endpoint is not None and self._config.metrics is not None:
                endpoint.open(self._config.metrics, loop)
            loop.add_signal_handler(signal.SIGTERM, self._stop.set)
            loop.add_signal_handler(signal.SIGINT, self._stop.set)
            loop.add_signal_handler(signal.SIGHUP, reload)
            return await self._supervise()
        finally:
            if endpoint is not None:
                endpoint.close()
            await socket.close()
            binding.close(self._listeners)

    def _endpoint(self) -> Endpoint | None:
        if self._config.metrics is None:
            return None
        from gatepost.daemon.endpoint import Endpoint  # with prometheus_client, 2.5 MB

        return Endpoint(self._totals, self._collect, self._health)

    async def _supervise(self) -> int:
        for worker in self._workers:
            worker.start()
        stop = asyncio.ensure_future(self._stop.wait())
        ready = asyncio.ensure_future(all_of([worker.ready() for worker in self._workers]))
        background = [asyncio.create_task(self._watch()), asyncio.create_task(self._poll())]
        waited: set[asyncio.Future[Any]] = {stop, ready}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        fault = next((worker.fault for worker in self._workers if worker.fault), "")
        if not fault:
            if not self._stop.is_set():
                self._record("Started", workers=len(self._workers), pid=os.getpid())
                self._notifier.ready(self._saying())
            await stop
        self._record("Stopping")
        self._notifier.stopping("ending what is in flight")
        for task in (*background, *waited):
            task.cancel()
        # The last counts of a worker arrive in its last words.
        await all_of([worker.stop(self._config.limits.drain + _GRACE) for worker in self._workers])
        self._record("Stopped")
        return 1 if fault else 0

    def _boot(self, index: int) -> Mapping[str, Any]:
        """What a worker is told first."""
        return {
            "file": str(self._config.file),
            "document": self._told,
            "index": index,
            "workers": len(self._workers),
            "listeners": [
                [host, port, sock.fileno()] for (host, port), sock in self._listeners.items()
            ],
            "suspended": list(self._suspensions),
        }

    async def _reload(self) -> None:
        async with self._reloading:
            self._notifier.reloading()
            try:
                told, new = await asyncio.to_thread(read, self._config.file)
                await asyncio.to_thread(check.check, new)
            except ConfigError as error:
                self._record("ReloadRefused", reason=str(error))
            else:
                fixed = needs_restart(self._config, new)
                self._config, self._told = new, told
                answers = await all_of(
                    [
                        worker.ask("reload", seconds=_ANSWER, document=told)
                        for worker in self._workers
                    ]
                )
                failed = [str(answer) for answer in answers if isinstance(answer, Exception)]
                self._record(
                    "Reloaded",
                    needs_restart=", ".join(fixed) or None,
                    failed="; ".join(failed) or None,
                )
            self._notifier.ready(self._saying())

    def _saying(self) -> str:
        if self._draining:
            return "takes no mail, delivers what is queued"
        return f"{len(self._workers)} workers take mail"

    async def _drain(self) -> None:
        """No new sessions until the daemon starts again; what is queued is delivered on."""
        if not self._draining:
            self._draining = True
            self._record("Draining")
            self._notifier.status(self._saying())
            # The kernel answers connections for as long as one descriptor is open, ours too.
            binding.close(self._listeners)
        await self._ask_all("drain")

    async def _watch(self) -> None:
        """The watchdog is fed from the loop that everything else here runs on."""
        while (interval := self._notifier.watchdog_interval) is not None:
            self._notifier.watchdog()
            await asyncio.sleep(interval)

    async def _poll(self) -> None:
        """Fetches counts now and then, so that a worker that dies takes few with it."""
        while True:
            await asyncio.sleep(_TALLY_EVERY)
            await self._collect()

    async def _tally(self, delta: Delta) -> None:
        self._totals.add(delta)

    async def _collect(self) -> None:
        """Brings the totals up to now."""
        answers = await all_of([worker.ask("metrics", seconds=2) for worker in self._workers])
        good = [answer for answer in answers if isinstance(answer, dict)]
        for answer in good:
            self._totals.add(answer["counts"])
        own: Delta = [
            ["gatepost_workers", [], float(len(good))],
            ["gatepost_suspended_destinations", [], float(len(self._suspensions))],
        ]
        self._totals.gauges([*(answer["gauges"] for answer in good), own])

    async def _counts(self) -> Mapping[str, float]:
        await self._collect()
        return self._totals.counts()

    def _health(self) -> tuple[bool, Mapping[str, Any]]:
        """Whether every worker is well, and what there is to say about it."""
        workers = [
            {"worker": worker.index, "ready": worker.is_ready, "restarts": worker.restarts}
            for worker in self._workers
        ]
        well = all(worker.is_ready for worker in self._workers)
        return well, {"status": self._state(well), "workers": workers}

    def _state(self, well: bool) -> str:
        if self._stop.is_set():
            return "stopping"
        if not well:
            return "degraded"
        return "draining" if self._draining else "ok"

    def _status(self) -> Mapping[str, Any]:
        return {
            **self._health()[1],
            "hostname": self._config.hostname,
            "started_at": self._started,
            "pid": os.getpid(),
        }

    async def _ask_all(self, do: str, **parameters: Any) -> list[Any]:
        answers = await all_of(
            [worker.ask(do, seconds=_ANSWER, **parameters) for worker in self._workers]
        )
        for answer in answers:
            if isinstance(answer, BaseException):
                raise ChannelError(str(answer)) from answer
        return answers


def read(file: Path) -> tuple[Any, Config]:
    """What workers are told of the file, and what it is here. Raises ConfigError."""
    value = document.parse(file, document.read(file))
    config = load(file, value)
    return document.plain(file, value), config


def _make_directory(config: Config) -> None:
    """The spool's directory, where the control socket stands too. Raises ConfigError."""
    try:
        config.spool.path.mkdir(mode=0o750, exist_ok=True)
    except OSError as error:
        reason = f"{config.spool.path}: cannot be made: {error.strerror}"
        raise ConfigError(str(config.file), "spool.path", reason) from error


def needs_restart(old: Config, new: Config) -> list[str]:
    """The settings that differ and that a reload leaves as they were."""
    pairs = {
        "spool.path": (old.spool.path, new.spool.path),
        "spool.low_space": (old.spool.low_space, new.spool.low_space),
        "control.socket": (old.control, new.control),
        "metrics.listen": (old.metrics, new.metrics),
        "workers": (old.workers, new.workers),
        "log.to": (old.log.to, new.log.to),
    }
    found = [name for name, (before, after) in pairs.items() if before != after]
    known = {address for point in old.ingress_points for address in point.listen}
    for point in new.ingress_points:
        found += [
            f"{point.path}.listen[{number}]"
            for number, address in enumerate(point.listen)
            if address not in known
        ]
    return found
