"""Where a destination leads, looked up at each delivery: a relay that was mended in the file, or
whose secret was changed, releases the mail that waits for it."""

from __future__ import annotations

from pathlib import Path

from gatepost.actions.values import Lmtp
from gatepost.config.values import Config, Relay
from gatepost.delivery.credentials import SecretFiles
from gatepost.delivery.outcome import Unmet
from gatepost.delivery.values import ConfigurationFailure, Credentials, NextHop, Tls
from gatepost.errors import GatepostError


class Hops:
    """secrets: settable, as config is; the next delivery sees the new ones."""

    def __init__(self, config: Config) -> None:
        self.secrets = SecretFiles()
        self.config = config

    @property
    def config(self) -> Config:
        return self._config

    @config.setter
    def config(self, config: Config) -> None:
        self._config = config
        # Of what the file names: one made for every message cost 6 us of 100, compared and hashed.
        self._made: dict[str, NextHop] = {}

    def hop(self, destination: str) -> NextHop:
        """destination: "relay:NAME", "mx:DOMAIN", or the queue of a mailbox that is bound to LMTP.
        Raises ConfigurationFailure, and Unmet while a secret cannot be read: mail waits for it."""
        return self._hop(destination, fresh=False)

    def refused(self, destination: str, credentials: Credentials) -> NextHop:  # noqa: ARG002
        """After the next hop refused `credentials`: with what the secret file holds now. Raises
        ConfigurationFailure, Unmet."""
        return self._hop(destination, fresh=True)

    def _hop(self, destination: str, *, fresh: bool) -> NextHop:
        kind, _colon, name = destination.partition(":")
        if kind == "mx":
            return NextHop(
                name=name, server_name=name, port=25, tls=Tls.MAY, helo=self.config.hostname
            )
        if kind in ("mailbox", "application"):
            return self._made.get(destination) or self._keep(
                destination, self._mailbox(destination, name)
            )
        relay = self.config.relays.get(name)
        if relay is None:
            raise ConfigurationFailure(destination, "the file names no such relay any more")
        credentials = self._credentials(relay, fresh=fresh)
        known = self._made.get(destination)
        if known is not None and known.credentials == credentials:
            return known
        return self._keep(destination, self._relay(relay, credentials))

    def _keep(self, destination: str, hop: NextHop) -> NextHop:
        self._made[destination] = hop
        return hop

    def _relay(self, relay: Relay, credentials: Credentials | None) -> NextHop:
        return NextHop(
            name=relay.name,
            server_name=relay.server_name,
            port=relay.server_port,
            tls=relay.tls,
            helo=self.config.hostname,
            address=relay.address,
            ca_file=None if relay.ca_file is None else str(relay.ca_file),
            source_address=relay.source_address,
            credentials=credentials,
        )

    def _mailbox(self, destination: str, name: str) -> NextHop:
        """In plain text: LMTP is for the same host, or its own network (RFC 2033 section 3)."""
        mailbox = self.config.mailboxes.get(destination)
        if mailbox is None or not isinstance(mailbox.site, Lmtp):
            raise ConfigurationFailure(destination, "the file binds no such name any more")
        address = mailbox.site.address
        unix = str(address) if isinstance(address, Path) else None
        host, port = ("localhost", 24) if isinstance(address, Path) else address
        return NextHop(
            name=name,
            server_name=host,
            port=port,
            tls=Tls.NONE,
            helo=self.config.hostname,
            unix=unix,
            lmtp=True,
        )

    def _credentials(self, relay: Relay, *, fresh: bool) -> Credentials | None:
        if relay.secret_file is None:
            return None
        read = self.secrets.reload if fresh else self.secrets.get
        try:
            return read(relay.secret_file)
        except GatepostError as error:
            raise Unmet("4.3.5", f"relay {relay.name}: {error}") from error
