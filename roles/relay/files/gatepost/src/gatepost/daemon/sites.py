"""The sites of a worker's queue, put together from the file: what reaches each kind of destination.

Where a site is, is looked up at each run: one that was mended in the file releases the mail that
waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from gatepost.actions import archive_reading
from gatepost.actions.archive import Archiving
from gatepost.actions.aws.clients import Clients
from gatepost.actions.aws.functions import InvokeLambda
from gatepost.actions.aws.s3 import WriteToS3
from gatepost.actions.aws.sns import PublishToSns
from gatepost.actions.dispatch import THREADS, Sites, Threaded
from gatepost.actions.maildir import Delivering
from gatepost.actions.threads import Threads
from gatepost.actions.values import Archive, Lmtp, Maildir
from gatepost.config.values import Config
from gatepost.delivery.values import ConfigurationFailure, Outcome
from gatepost.events import Record
from gatepost.queue.runs import Runner
from gatepost.spool.interface import Lease

_GONE: Final = "the file binds no such name any more"


class Reach:
    """config: settable through `refresh`. relay: the runner of SMTP and LMTP."""

    def __init__(self, config: Config, relay: Runner, record: Record) -> None:
        self._config = config
        self._relay = relay
        self._record = record
        self._clients = Clients(config.aws, THREADS)
        self._maildirs = Threaded(Delivering(self._maildir, lambda: self._config.hostname))
        self._purging = Threads(1)
        self.sites = Sites(
            {
                "relay": relay,
                "mx": relay,
                "archive": Threaded(Archiving(self._archive)),
                "mailbox": self,
                "application": self,
                "s3": Threaded(WriteToS3(self._clients)),
                "sns": Threaded(PublishToSns(self._clients)),
                "lambda": Threaded(InvokeLambda(self._clients)),
            }
        )

    def refresh(self, config: Config) -> None:
        """On a reload."""
        self._config = config
        self._clients.refresh(config.aws)

    async def run(self, batch: Sequence[Lease], body: bytes) -> Sequence[Outcome]:
        """The runner of mailboxes, by what each is bound to. Raises ConfigurationFailure."""
        entry = batch[0].entry
        mailbox = self._config.mailboxes.get(entry.message.steps[entry.step].destination)
        if mailbox is not None and isinstance(mailbox.site, Lmtp):
            return await self._relay.run(batch, body)
        return await self._maildirs.run(batch, body)

    async def purge(self, now: float) -> None:
        """Removes from every archive the days that are past their retention."""
        for archive in tuple(self._config.archives.values()):
            try:
                for day in await self._purging.run(archive_reading.purge, archive, now):
                    self._record("Purge", archive=archive.name, day=day)
            except OSError as error:
                reason = f"archive {archive.name}: {error.strerror}"
                self._record("Fault", where="archive", reason=reason)

    def _archive(self, name: str) -> Archive:
        found = self._config.archives.get(name)
        if found is None:
            raise ConfigurationFailure(f"archive:{name}", _GONE)
        return found

    def _maildir(self, destination: str) -> Maildir:
        found = self._config.mailboxes.get(destination)
        if found is None or not isinstance(found.site, Maildir):
            raise ConfigurationFailure(destination, _GONE)
        return found.site
