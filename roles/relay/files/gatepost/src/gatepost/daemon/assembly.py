"""A worker's parts, put together from the file: shards of the spool with their schedulers, the
relay that empties them, and the listeners."""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gatepost.config import address_lists, analyzers
from gatepost.config.certificates import server_context
from gatepost.config.values import Address, Config, IngressPoint
from gatepost.daemon import memory, parts
from gatepost.daemon.channel import Handler
from gatepost.daemon.flow import Flow
from gatepost.daemon.hops import Hops
from gatepost.daemon.listeners import Listeners
from gatepost.daemon.metrics import Delta
from gatepost.daemon.queue_requests import QueueRequests
from gatepost.daemon.reception import Reception
from gatepost.daemon.shard import Shard
from gatepost.daemon.sites import Reach
from gatepost.delivery.dsn import Notices
from gatepost.delivery.mta_sts import MtaSts
from gatepost.delivery.relay import Relay
from gatepost.delivery.resolve import MxResolver
from gatepost.events import Record
from gatepost.policy.addresslist import AddressList
from gatepost.queue import runs
from gatepost.queue.retry import RetryPolicy
from gatepost.queue.scheduler import Scheduler
from gatepost.resolver import Resolver
from gatepost.smtp.limits import Load
from gatepost.spool import disk
from gatepost.spool.inspect import shards
from gatepost.spool.messageid import MessageIds
from gatepost.verdicts.stage import Settings, Stage

# How often an adopted shard is looked at, whether it is empty.
_ADOPTED_EVERY: Final = 30.0
# How often archives are looked at for days that are past their retention.
_PURGED_EVERY: Final = 3600.0


class Assembly:
    """index: of this worker among `workers`; shard N belongs to worker N modulo workers."""

    def __init__(self, config: Config, index: int, workers: int, record: Record) -> None:
        self.config = config
        self._index = index
        self._workers = workers
        self._record = record
        self._ids = MessageIds()
        self._hops = Hops(config)
        self._relay = Relay(self._hops, record=record)
        self._resolver = _resolver(config)
        self._find_exchangers(config)
        self._reach = Reach(config, self._relay, record)
        self._flow = Flow(self._reach.sites)
        self._shards: list[Shard] = []
        load = Load()
        self._suspended: frozenset[str] = frozenset()
        self._address_lists: Mapping[str, AddressList] = {}
        self._stage = Stage(record, load)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._listeners = Listeners(workers, self._reception, self._keep, load, record)
        self._queue = QueueRequests(lambda: self._shards, self._ids.new, time.time, record)

    async def start(
        self, sockets: Mapping[Address, socket.socket], suspended: Iterable[str]
    ) -> None:
        """Raises SpoolError, ConfigError, OSError."""
        self._listeners.sockets = sockets
        self._suspended = frozenset(suspended)
        await asyncio.to_thread(parts.prepare, self.config)
        self._address_lists = await asyncio.to_thread(address_lists.read, self.config)
        await self._stage.configure(await asyncio.to_thread(_verdicts, self.config), self._resolver)
        root = self.config.spool.path
        await self._open(root / str(self._index))
        for path in await asyncio.to_thread(shards, root):
            number = int(path.name)
            if number >= self._workers and number % self._workers == self._index:
                await self._open(path)
        # A large backlog need not be looked at by every collection.
        gc.collect()
        gc.freeze()
        await self._listeners.follow(self.config)
        self._keep(self._release_adopted())
        self._keep(memory.keep_giving_back())
        if self._index == 0:
            self._keep(self._purge())

    async def reload(self, config: Config) -> None:
        """Raises ConfigError, and then nothing has changed."""
        for point in config.ingress_points:
            server_context(config.file, point)
            self._reception(config, point)
        await asyncio.to_thread(parts.prepare, config)
        lists = await asyncio.to_thread(address_lists.read, config)
        verdicts = await asyncio.to_thread(_verdicts, config)
        self._address_lists = lists
        self._resolver = _resolver(config)
        await self._stage.configure(verdicts, self._resolver)
        self.config = config
        self._hops.config = config
        self._reach.refresh(config)
        self._hops.secrets.forget()
        self._find_exchangers(config)
        self._relay.refresh()
        for shard in self._shards:
            terms = shard.scheduler.terms
            terms.policy = _retry(config)
            terms.limits = _deliveries(config, self._workers)
            terms.notices = self._notices()
        await self._listeners.follow(self.config)

    def _find_exchangers(self, config: Config) -> None:
        """How delivery by MX is done from now on."""
        ourselves = frozenset({config.hostname})
        self._relay.mx = resolver = MxResolver(self._resolver, ourselves)
        ca_file = config.mta_sts.ca_file
        self._relay.sts = (
            MtaSts(
                resolver,
                directory=config.spool.path / "mta-sts",
                ca_file=None if ca_file is None else str(ca_file),
                record=self._record,
            )
            if config.mta_sts.enabled
            else None
        )

    async def drain(self) -> None:
        """Takes no mail any more; deliveries go on. Sessions get limits.drain to end a message."""
        self._flow.close()
        await self._listeners.close(self.config.limits.drain)

    async def stop(self) -> None:
        """Ends sessions and deliveries in flight, within limits.drain."""
        seconds = self.config.limits.drain
        for task in self._tasks:
            task.cancel()
        self._flow.close()
        await self._listeners.stop(seconds)
        await asyncio.gather(*(shard.close(seconds) for shard in self._shards))
        await self._relay.close()
        await self._stage.close()

    def suspend(self, destinations: Iterable[str]) -> None:
        """Exactly these are suspended from now on."""
        wanted = frozenset(destinations)
        for shard in self._shards:
            for destination in wanted - self._suspended:
                shard.scheduler.suspend(destination)
            for destination in self._suspended - wanted:
                shard.scheduler.resume(destination)
        self._suspended = wanted

    def resume(self, destination: str) -> int:
        """A relay that suspended itself after its credentials were refused."""
        name = destination.removeprefix("relay:")
        if name not in self._relay.suspended():
            return 0
        self._relay.resume(name)
        return 1

    def queue_requests(self) -> Mapping[str, Handler]:
        return self._queue.handlers()

    def status(self) -> dict[str, Any]:
        return {
            "steps": sum(shard.spool.pending for shard in self._shards),
            "sessions": self._listeners.open,
            "refused_credentials": dict(self._relay.suspended()),
        }

    def look(self) -> dict[str, Any]:
        """What `gatepost top` shows: sessions, and queues with how their sites do."""
        queues = []
        for shard in self._shards:
            sites = shard.scheduler.sites()
            for name, counts in shard.spool.queues().items():
                queues.append({"destination": name, **counts, **sites.get(name, {})})
        return {"queues": queues, "clients": self._listeners.sessions()}

    def gauges(self) -> Delta:
        found: Delta = [["gatepost_sessions", [], float(self.status()["sessions"])]]
        now = time.time()
        for shard in self._shards:
            numbers = shard.spool.statistics()
            held = numbers["held"]
            found += [
                ["gatepost_queue_steps", ["pending"], numbers["pending"] - held],
                ["gatepost_queue_steps", ["held"], held],
                ["gatepost_spool_free_bytes", [], numbers["free"]],
                ["gatepost_queue_oldest_seconds", [], _age(numbers["oldest"], now)],
            ]
        found += [["gatepost_suspended_relays", [name], 1.0] for name in self._relay.suspended()]
        name = "gatepost_certificate_expiry_timestamp_seconds"
        found += [[name, [ingress], until] for ingress, until in self._listeners.expiries.items()]
        return found

    async def _open(self, path: Any) -> None:
        settings = disk.Settings(low_space=self.config.spool.low_space)
        spool = await disk.DiskSpool.open(path, settings=settings, record=self._record)
        scheduler = Scheduler(
            spool,
            self._flow,
            self._notices(),
            policy=_retry(self.config),
            limits=_deliveries(self.config, self._workers),
            record=self._record,
        )
        for destination in self._suspended:
            scheduler.suspend(destination)
        self._shards.append(Shard(spool, scheduler))

    def _notices(self) -> Notices:
        return Notices(self.config.hostname, self._route, self._ids.new)

    def _route(self, sender: str) -> str:
        """The destination of a notice to `sender`."""
        if self.config.bounce.relay is not None:
            return f"relay:{self.config.bounce.relay}"
        return f"mx:{sender.rpartition('@')[2].lower()}"

    async def _release_adopted(self) -> None:
        while len(self._shards) > 1:
            await asyncio.sleep(_ADOPTED_EVERY)
            for shard in self._shards[1:]:
                if shard.spool.pending == 0:
                    self._shards.remove(shard)
                    await shard.close(0)

    async def _purge(self) -> None:
        while True:
            await self._reach.purge(time.time())
            await asyncio.sleep(_PURGED_EVERY)

    def _reception(self, config: Config, point: IngressPoint) -> Reception:
        """Reads the point's secrets. Raises ConfigError."""
        return Reception(
            config,
            point,
            self._shards[0].spool,
            self._ids.new,
            self._record,
            self._stage,
            self._flow,
            self._address_lists,
        )

    def _keep(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _age(oldest: float, now: float) -> float:
    return max(0.0, now - oldest) if oldest else 0.0


def _resolver(config: Config) -> Resolver:
    """The worker's only one; a reload forgets what it knows, and reads resolv.conf again."""
    return Resolver(config.resolver.nameservers or None, config.resolver.lifetime)


def _verdicts(config: Config) -> Settings:
    """Reads secrets and authorities. Raises ConfigError."""
    return Settings(config.hostname, config.limits.verdicts, analyzers.targets(config))


def _retry(config: Config) -> RetryPolicy:
    retry = config.retry
    return RetryPolicy(
        first=retry.first,
        factor=retry.factor,
        cap=retry.ceiling,
        jitter=retry.jitter,
        delay_notice_after=retry.delay_notice,
        expire_after=retry.expire,
    )


def _deliveries(config: Config, workers: int) -> runs.Limits:
    limits = config.limits.share(workers)
    return runs.Limits(
        total=limits.deliveries,
        destination_max=limits.destination_deliveries,
        memory=limits.memory,
    )
