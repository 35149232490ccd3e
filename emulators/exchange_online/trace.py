"""The message trace cmdlets: what became of which message, and how it came in.

Limits as documented for Get-MessageTraceV2: 90 days back, 10 days a query, 5000 rows (1000 unless
ResultSize says otherwise; what is left is said in a warning with where to go on). The number of
requests in five minutes is counted by the application.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from emulators.exchange_online import addresses, errors, parameters
from emulators.exchange_online.cmdlet import Cmdlet, Result
from emulators.exchange_online.organization import Object, Organization, Trace
from emulators.exchange_online.parameters import Arguments, Kind

_STRINGS = "Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]"
_STATUS = ("Delivered", "Expanded", "Failed", "FilteredAsSpam", "GettingStatus", "Pending")
_PERIOD: dict[str, Kind] = {"StartDate": parameters.moment, "EndDate": parameters.moment}


def _traces(organization: Organization, arguments: Arguments) -> Result:
    start, end = _period(organization, arguments)
    size = arguments.get("ResultSize", 1000)
    rows = [
        one
        for one in organization.traces()
        if start <= one.received <= end
        and _chosen(arguments, "MessageId", lambda trace: trace.message_id.strip("<>"), one)
        and _chosen(arguments, "MessageTraceId", lambda trace: trace.trace_id, one)
        and _chosen(arguments, "SenderAddress", lambda trace: trace.sender, one)
        and _chosen(arguments, "RecipientAddress", lambda trace: trace.recipient, one)
        and _chosen(arguments, "Status", lambda trace: trace.status, one)
        and _chosen(arguments, "FromIP", lambda trace: trace.from_ip, one)
    ]
    after = arguments.get("StartingRecipientAddress")
    if after is not None:
        rows = [one for one in rows if one.received < end or one.recipient > after.lower()]
    warnings: tuple[str, ...] = ()
    if len(rows) > size:
        last = rows[size - 1]
        warnings = (
            "There are more results, use the following command to get more. Get-MessageTraceV2 "
            f"-EndDate {last.received.isoformat()} -StartingRecipientAddress {last.recipient}",
        )
    return Result([_row(organization, one) for one in rows[:size]], warnings)


def _details(organization: Organization, arguments: Arguments) -> Result:
    _period(organization, arguments)
    wanted = arguments.get("MessageTraceId"), arguments.get("RecipientAddress").lower()
    return Result(
        [
            {
                "MessageId": trace.message_id,
                "MessageTraceId": trace.trace_id,
                "Date": date,
                "Event": event,
                "Action": "",
                "Detail": detail,
                "Data": data,
            }
            for trace in organization.traces()
            if (trace.trace_id, trace.recipient) == wanted
            for date, event, detail, data in trace.events
        ]
    )


def _period(organization: Organization, arguments: Arguments) -> tuple[datetime, datetime]:
    now = organization.now()
    if ("StartDate" in arguments) != ("EndDate" in arguments):
        raise errors.invalid_value("StartDate and EndDate must be used together.")
    start = arguments.get("StartDate", now - timedelta(days=2))
    end = arguments.get("EndDate", now)
    if start > end:
        raise errors.invalid_value("StartDate must not be after EndDate.")
    if start < now - timedelta(days=90):
        raise errors.invalid_value("StartDate must be within the last 90 days.")
    if end - start > timedelta(days=10):
        raise errors.invalid_value("StartDate and EndDate must be at most 10 days apart.")
    return start, end


def _chosen(arguments: Arguments, name: str, member: Callable[[Trace], str], trace: Trace) -> bool:
    if name not in arguments:
        return True
    given: Any = arguments.get(name)
    wanted = [given] if isinstance(given, str) else given
    return member(trace).lower() in [one.strip("<>").lower() for one in wanted]


def _row(organization: Organization, trace: Trace) -> Object:
    return {
        "Organization": organization.settings.domains[0],
        "MessageId": trace.message_id,
        "MessageTraceId": trace.trace_id,
        "Received": trace.received,
        "SenderAddress": trace.sender,
        "RecipientAddress": trace.recipient,
        "Subject": trace.subject,
        "Status": trace.status,
        "FromIP": trace.from_ip,
        "ToIP": "",
        "Size": trace.size,
    }


_ADDRESSES = parameters.many(_STRINGS, addresses.smtp_address)
CMDLETS = {
    "Get-MessageTraceV2": Cmdlet(
        _traces,
        {
            **_PERIOD,
            "MessageId": parameters.many(_STRINGS, str),
            "MessageTraceId": parameters.text(),
            "SenderAddress": _ADDRESSES,
            "RecipientAddress": _ADDRESSES,
            "FromIP": parameters.text(),
            "Status": parameters.many(
                _STRINGS,
                lambda given: str(
                    parameters.choice("MessageTraceStatus", *_STATUS)("Status", given)(None)
                ),
            ),
            "ResultSize": parameters.number(1, 5000),
            "StartingRecipientAddress": parameters.text(),
        },
    ),
    "Get-MessageTraceDetailV2": Cmdlet(
        _details,
        {**_PERIOD, "MessageTraceId": parameters.text(), "RecipientAddress": parameters.text()},
        ("MessageTraceId", "RecipientAddress"),
    ),
}
