"""Archives: where rules keep messages, for how long, and under which key.

A deletion leaves the archive in PENDING_DELETION for 30 days: it keeps its name, takes no change
and shows no message; it does not count toward the quota of active archives. `settle` ends that
time, and forgets messages whose retention is over.
"""

from typing import Any

from emulators.aws import errors, vault
from emulators.aws.mailmanager import paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.references import PENDING_DELETION
from emulators.aws.mailmanager.store import ARCHIVE, EXPORT, SEARCH, Resource, Store

_ACTIVE = "ACTIVE"
# Documented: archives in use at a time, and how long a deleted one stays.
_LIMIT = 10
_PENDING = 30 * 86400.0
# The console's 180 days; the API's own default is not documented (ours).
_DEFAULT_RETENTION = {"RetentionPeriod": "SIX_MONTHS"}
_MONTH = 365.25 / 12 * 86400
_MONTHS = {
    "THREE_MONTHS": 3,
    "SIX_MONTHS": 6,
    "NINE_MONTHS": 9,
    "ONE_YEAR": 12,
    "EIGHTEEN_MONTHS": 18,
    "TWO_YEARS": 24,
    "THIRTY_MONTHS": 30,
    "THREE_YEARS": 36,
    "FOUR_YEARS": 48,
    "FIVE_YEARS": 60,
    "SIX_YEARS": 72,
    "SEVEN_YEARS": 84,
    "EIGHT_YEARS": 96,
    "NINE_YEARS": 108,
    "TEN_YEARS": 120,
}


def settle(store: Store, now: float) -> None:
    """Remove archives whose time is over, and messages whose retention is."""
    for archive in list(store.all(ARCHIVE)):
        if archive.fields["ArchiveState"] == PENDING_DELETION and now >= archive.fields["until"]:
            _remove(store, archive)
    for message in list(store.messages.values()):
        period = store.resources[message.archive].fields["Retention"]["RetentionPeriod"]
        if period in _MONTHS and now >= message.received + _MONTHS[period] * _MONTH:
            del store.messages[message.id]


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    archive = call.new(ARCHIVE, request["ArchiveName"], request)
    active = [one for one in call.store.all(ARCHIVE) if one.fields["ArchiveState"] == _ACTIVE]
    if len(active) >= _LIMIT:
        raise errors.quota(f"an account holds at most {_LIMIT} active archives")
    archive.fields = {
        "ArchiveState": _ACTIVE,
        "Retention": request.get("Retention") or _DEFAULT_RETENTION,
    }
    if "KmsKeyArn" in request:
        key = request["KmsKeyArn"]
        vault.check_key(call.scope, key, source_arn=archive.arn, actions=(), at="KmsKeyArn")
        archive.fields["KmsKeyArn"] = key
    call.store.add(archive)
    return {"ArchiveId": archive.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    archive = call.store.get(ARCHIVE, request["ArchiveId"])
    shown = {name: value for name, value in archive.fields.items() if name != "until"}
    return {
        "ArchiveId": archive.id,
        "ArchiveName": archive.name,
        "ArchiveArn": archive.arn,
        "CreatedTimestamp": archive.created,
        "LastUpdatedTimestamp": archive.modified,
        **shown,
    }


def update(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    archive = active(call, request["ArchiveId"])
    call.rename(archive, request.get("ArchiveName"))
    if "Retention" in request:
        archive.fields["Retention"] = request["Retention"]
    archive.modified = call.now
    return {}


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    # The operation declares no ResourceNotFoundException: an archive that is gone is deleted.
    archive = call.store.find(ARCHIVE, request["ArchiveId"])
    if archive is not None:
        active(call, archive.id)
        references.check_unused(call.store, archive)
        archive.fields |= {"ArchiveState": PENDING_DELETION, "until": call.now + _PENDING}
        archive.modified = call.now
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return paging.page(call.operation, request, call.store.all(ARCHIVE), "Archives", _summary)


def active(call: Call, identifier: str) -> Resource:
    """The archive, unless it is being deleted: ConflictException."""
    archive = call.store.get(ARCHIVE, identifier)
    if archive.fields["ArchiveState"] != _ACTIVE:
        raise errors.conflict(f"archive {archive.name} is {archive.fields['ArchiveState']}")
    return archive


def _summary(archive: Resource) -> dict[str, Any]:
    return {
        "ArchiveId": archive.id,
        "ArchiveName": archive.name,
        "ArchiveState": archive.fields["ArchiveState"],
        "LastUpdatedTimestamp": archive.modified,
    }


def _remove(store: Store, archive: Resource) -> None:
    del store.resources[archive.id]
    for job in [*store.all(SEARCH), *store.all(EXPORT)]:
        if job.fields["ArchiveId"] == archive.id:
            del store.resources[job.id]
    for message in list(store.messages.values()):
        if message.archive == archive.id:
            del store.messages[message.id]
