"""Relays: the document says what the relay is, the binding how this host reaches it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

from gatepost.config import addresses
from gatepost.config.fields import Section
from gatepost.config.values import Relay
from gatepost.delivery.values import Tls

_TLS: Final = tuple(mode.value for mode in Tls)


def bound_relay(path: str, document: Mapping[str, Any], binding: Section) -> Relay:
    """document: a relay's, normalized. binding: empty where the file has none. Raises
    ConfigError."""
    authenticated = "SecretArn" in document.get("Authentication", {})
    relay = Relay(
        path=path,
        name=document["RelayName"],
        server_name=document["ServerName"],
        server_port=document["ServerPort"],
        authenticated=authenticated,
        tls=_tls(binding, authenticated),
        secret_file=_secret(binding, authenticated),
        ca_file=binding.path_to("ca", None),
        address=_address(binding),
        source_address=_source(binding),
    )
    if relay.ca_file is not None and relay.tls is not Tls.VERIFY:
        binding.fail("ca", f"is for tls: verify, not {relay.tls.value}")
    binding.finish()
    return relay


def _tls(binding: Section, authenticated: bool) -> Tls:
    """Credentials are sent over verified TLS alone. Without them TLS is demanded, since the
    inbound gateways of Google and Microsoft take nothing else, and no certificate is judged
    unless asked."""
    tls = Tls(binding.text("tls", (Tls.VERIFY if authenticated else Tls.ENCRYPT).value, _TLS))
    if authenticated and tls is not Tls.VERIFY:
        binding.fail("tls", f"must be verify for a relay with credentials, not {tls.value}")
    return tls


def _secret(binding: Section, authenticated: bool) -> Any:
    if binding.has("secret_arn"):
        binding.fail("secret_arn", "is not supported by this version; give secret_file")
    if not authenticated and binding.has("secret_file"):
        binding.fail("secret_file", "is for a relay whose document names a SecretArn")
    if authenticated and not binding.has("secret_file"):
        binding.fail("secret_file", "is missing: the relay's document names a SecretArn")
    return binding.path_to("secret_file", None)


def _address(binding: Section) -> Any:
    text = binding.text("address", None)
    if text is None:
        return None
    try:
        return addresses.endpoint(text, literal=False)
    except ValueError as error:
        binding.fail("address", str(error))


def _source(binding: Section) -> str | None:
    text = binding.text("source_address", None)
    if text is None:
        return None
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        binding.fail("source_address", f"{text!r} is not an IP address")
