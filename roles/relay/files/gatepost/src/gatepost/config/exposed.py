"""What the file sends in the clear over a network: allowed, and said by `--check`. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

from gatepost.actions.values import Lmtp
from gatepost.config import addresses
from gatepost.config.sites import MAILBOXES
from gatepost.config.values import Config


def warnings(config: Config) -> Iterator[str]:
    """One line each: of analyzers, LMTP servers and AWS endpoints that are not on this host."""
    for analyzer in config.analyzers.values():
        yield from _web(f"{analyzer.path}.url", analyzer.url)
    for name, url in config.aws.endpoints.items():
        yield from _web(f"aws.endpoints.{name}", url)
    for mailbox in config.mailboxes.values():
        site = mailbox.site
        if isinstance(site, Lmtp) and not isinstance(site.address, Path):
            kind, _colon, name = mailbox.destination.partition(":")
            yield from _said(f"bindings.{MAILBOXES[kind]}.{name}.lmtp", site.address[0])


def _web(path: str, url: str) -> Iterator[str]:
    parts = addresses.web(url)
    if parts.scheme == "http":
        yield from _said(path, parts.hostname or "")


def _said(path: str, host: str) -> Iterator[str]:
    if not _is_here(host):
        yield f"{path}: messages go to {host} in the clear"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # RFC 6761 section 6.3
