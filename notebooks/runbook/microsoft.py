"""Reads from Microsoft 365 what the runbook judges: the settings, the probe, and its trace.

Secrets of the application that signs in come from the environment alone (GATEPOST_M365_…, as for
the collection's modules).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import (
    connection_filter,
    content_filter,
    headers,
    inbound_connector,
    main,
    trace,
)

from . import probe
from .values import Reading

Options = Mapping[str, Any]
_FROM_ENVIRONMENT = {
    "tenant_id": "TENANT",
    "client_id": "CLIENT_ID",
    "certificate_file": "CERTIFICATE",
    "certificate_passphrase": "CERTIFICATE_PASSPHRASE",
    "client_secret": "CLIENT_SECRET",
    "cloud": "CLOUD",
    "authority": "AUTHORITY",
    "exchange_endpoint": "EXCHANGE_ENDPOINT",
    "graph_endpoint": "GRAPH_ENDPOINT",
    "ca_file": "CA",
}


@dataclass(frozen=True)
class MicrosoftState:
    """connection_filter: the default policy. content_filters, connectors: all of them. Each as the
    `_info` modules return it."""

    connection_filter: Reading
    content_filters: Reading
    connectors: Reading


def options(**given: str | bool) -> dict[str, Any]:
    """How to sign in: what was given, and for what is "" the environment."""
    found: dict[str, Any] = {
        name: os.environ.get(f"GATEPOST_M365_{variable}")
        for name, variable in _FROM_ENVIRONMENT.items()
    }
    found["cloud"] = found["cloud"] or "global"
    found["managed_identity"] = False
    return found | {name: value for name, value in given.items() if value != ""}


def read(signing_in: Options) -> MicrosoftState:
    """The settings of the tenant."""
    try:
        exchange = main.exchange_online(signing_in)
    except GatepostError as error:
        nothing = Reading(problem=str(error))
        return MicrosoftState(nothing, nothing, nothing)

    def default() -> Any:
        found = connection_filter.info({}, exchange)["policies"]
        return next((one for one in found if one["is_default"]), None)

    return MicrosoftState(
        _called(default, connection_filter.GET),
        _called(
            lambda: content_filter.info({}, exchange)["policies"],
            "Get-HostedContentFilterPolicy, Get-HostedContentFilterRule",
        ),
        _called(lambda: inbound_connector.info({}, exchange)["connectors"], inbound_connector.GET),
    )


def delivered(
    signing_in: Options, *, mailbox: str, message_id: str, wait_seconds: float
) -> Reading:
    """A probe in its mailbox, raw; junk mail is looked through, too."""
    if not message_id:
        return Reading(problem="no probe message was sent")
    try:
        graph = main.graph(signing_in)
    except GatepostError as error:
        return Reading(problem=str(error))
    return probe.wait(
        lambda wanted: graph.find_message(mailbox, wanted),
        message_id,
        source=f"Graph, messages of {mailbox} with internetMessageId {message_id}",
        seconds=wait_seconds,
    )


def traced(signing_in: Options, *, message_id: str, recipient: str, connector: str) -> Reading:
    """The Finding of which connector the probe was attributed to; None while there is no trace."""
    if not message_id:
        return Reading(problem="no probe message was sent")

    def look() -> Any:
        exchange = main.exchange_online(signing_in)
        events = trace.details(exchange, f"<{message_id}>", recipient)
        return events and headers.judge_trace(events, connector)

    return _called(look, "Get-MessageTraceV2, Get-MessageTraceDetailV2")


def _called(question: Callable[[], Any], source: str) -> Reading:
    try:
        return Reading(question(), "", source)
    except GatepostError as error:
        return Reading(problem=str(error))
