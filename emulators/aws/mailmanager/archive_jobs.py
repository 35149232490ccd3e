"""Searches and exports of an archive, and reads of one archived message.

A job is QUEUED, works for the time that `Timing` gives it, and is COMPLETED by `settle`, which
then looks at what the archive holds. An export writes to the emulated S3: PREFIX/ID.eml, and
PREFIX/ID.json when metadata is asked for (names ours); without the bucket it has FAILED. Messages
of an archive that is being deleted are out of reach.
"""

import json
from typing import Any

from emulators.aws import errors, moto_state
from emulators.aws.errors import ServiceError
from emulators.aws.mailmanager import archived, archives, links, paging
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.references import PENDING_DELETION
from emulators.aws.mailmanager.store import ARCHIVE, EXPORT, SEARCH, Kind, Message, Resource, Store
from emulators.aws.scope import Scope

_ENDED = ("COMPLETED", "FAILED", "CANCELLED")
_WORKING = {SEARCH: ("RUNNING",), EXPORT: ("PREPROCESSING", "PROCESSING")}
_ASKED = (
    "ArchiveId",
    "Filters",
    "FromTimestamp",
    "ToTimestamp",
    "MaxResults",
    "ExportDestinationConfiguration",
)


def settle(store: Store, scope: Scope, now: float) -> None:
    """Move every job on as far as the time has come."""
    for job in (*store.all(SEARCH), *store.all(EXPORT)):
        fields = job.fields
        if fields["State"] in _ENDED:
            continue
        spent = now - job.created
        if spent < fields["lasts"]:
            states = ("QUEUED", *_WORKING[job.kind])
            fields["State"] = states[int(spent / fields["lasts"] * len(states))]
            continue
        fields |= {"State": "COMPLETED", "ended": job.created + fields["lasts"]}
        found = _select(store, fields)
        if job.kind == SEARCH:
            fields["rows"] = [archived.row(message) for message in found]
        else:
            _export(scope, fields, found)


def start_search(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {"SearchId": _start(call, SEARCH, request, call.timing.searching).id}


def start_export(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {"ExportId": _start(call, EXPORT, request, call.timing.exporting).id}


def get_search(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(_job(call, SEARCH, request["SearchId"]))


def get_export(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(_job(call, EXPORT, request["ExportId"]))


def results(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    search = _job(call, SEARCH, request["SearchId"])
    archives.active(call, search.fields["ArchiveId"])
    if search.fields["State"] != "COMPLETED":
        raise errors.conflict(f"search {search.id} is {search.fields['State']}")
    return {"Rows": search.fields["rows"]}


def stop_search(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _stop(call, _job(call, SEARCH, request["SearchId"]))


def stop_export(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _stop(call, _job(call, EXPORT, request["ExportId"]))


def list_searches(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _list(call, SEARCH, request, "Searches", "SearchId")


def list_exports(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _list(call, EXPORT, request, "Exports", "ExportId")


def get_message(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    message = reachable(call.store, request["ArchivedMessageId"])
    return {
        "MessageDownloadLink": links.make(call, "GET", message.id, call.now),
        "Metadata": {"Timestamp": message.received, **message.metadata},
        "Envelope": message.envelope,
    }


def get_content(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return {"Body": archived.body(reachable(call.store, request["ArchivedMessageId"]))}


def reachable(store: Store, identifier: str) -> Message:
    """The message, unless its archive is being deleted: AccessDeniedException (ours)."""
    message = store.messages.get(identifier)
    if message is None:
        raise errors.validation(f"there is no archived message {identifier}")
    if store.resources[message.archive].fields["ArchiveState"] == PENDING_DELETION:
        raise ServiceError("AccessDeniedException", "the message's archive is being deleted", 403)
    return message


def _start(call: Call, kind: Kind, request: dict[str, Any], lasts: float) -> Resource:
    archive = archives.active(call, request["ArchiveId"])
    if request["FromTimestamp"] > request["ToTimestamp"]:
        raise errors.validation("FromTimestamp is after ToTimestamp")
    job = call.make(kind, archive.name, {})
    job.fields = {name: request[name] for name in _ASKED if name in request}
    job.fields |= {
        "State": "QUEUED",
        "lasts": lasts,
        "metadata": request.get("IncludeMetadata", False),
    }
    call.store.add(job)
    return job


def _stop(call: Call, job: Resource) -> dict[str, Any]:
    if job.fields["State"] in _ENDED:
        raise errors.validation(f"{job.kind.title} {job.id} is {job.fields['State']} already")
    job.fields |= {"State": "CANCELLED", "ended": call.now}
    return {}


def _job(call: Call, kind: Kind, identifier: str) -> Resource:
    return call.store.get(kind, identifier)


def _list(
    call: Call, kind: Kind, request: dict[str, Any], member: str, identifier: str
) -> dict[str, Any]:
    archive = call.store.get(ARCHIVE, request["ArchiveId"])
    jobs = [one for one in call.store.all(kind) if one.fields["ArchiveId"] == archive.id]
    return paging.page(
        call.operation,
        request,
        jobs,
        member,
        lambda job: {identifier: job.id, "Status": _status(job)},
    )


def _shown(job: Resource) -> dict[str, Any]:
    asked = {name: job.fields[name] for name in _ASKED if name in job.fields}
    return {**asked, "Status": _status(job)}


def _status(job: Resource) -> dict[str, Any]:
    status = {"State": job.fields["State"], "SubmissionTimestamp": job.created}
    if "ended" in job.fields:
        status["CompletionTimestamp"] = job.fields["ended"]
    if "error" in job.fields:
        status["ErrorMessage"] = job.fields["error"]
    return status


def _select(store: Store, fields: dict[str, Any]) -> list[Message]:
    query = archived.Query(
        start=fields["FromTimestamp"],
        end=fields["ToTimestamp"],
        filters=fields.get("Filters", {}),
        most=fields.get("MaxResults"),
    )
    return query.select(
        [one for one in store.messages.values() if one.archive == fields["ArchiveId"]]
    )


def _export(scope: Scope, fields: dict[str, Any], found: list[Message]) -> None:
    location = fields["ExportDestinationConfiguration"]["S3"]["S3Location"]
    bucket, _slash, prefix = location.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/") + "/" if prefix else ""
    objects = {f"{prefix}{message.id}.eml": message.content for message in found}
    if fields["metadata"]:
        objects |= {
            f"{prefix}{message.id}.json": json.dumps(archived.row(message)).encode()
            for message in found
        }
    if not moto_state.put_objects(scope, bucket, objects):
        fields |= {"State": "FAILED", "error": f"there is no bucket {bucket}"}
