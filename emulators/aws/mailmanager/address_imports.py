"""Import jobs: many members of an address list from one file.

A job is CREATED with a signed link that takes the PUT of the file; once started it is PROCESSING
until `settle` finds its time over, then COMPLETED with the counts of imported and failed items, or
FAILED when there is no file or the file as a whole cannot be read. STOPPED before that, it imports
nothing (ours). A member that is there already counts as imported (ours).
"""

from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager import address_lists, addresses, links, paging
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import ADDRESS_LIST, IMPORT_JOB, Resource, Store

_RESULTS = (
    "ImportedItemsCount",
    "FailedItemsCount",
    "StartTimestamp",
    "CompletedTimestamp",
    "Error",
)


def settle(store: Store, now: float) -> None:
    """End every job whose time is over."""
    for job in store.all(IMPORT_JOB):
        if job.fields["Status"] == "PROCESSING" and now >= job.fields["until"]:
            _finish(store, job, job.fields["until"])


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    target = call.store.get(ADDRESS_LIST, request["AddressListId"])
    job = call.make(IMPORT_JOB, request["Name"], request)
    job.fields = {
        "AddressListId": target.id,
        "ImportDataFormat": request["ImportDataFormat"],
        "Status": "CREATED",
        "file": None,
    }
    call.store.add(job)
    return {"JobId": job.id, "PreSignedUrl": _link(call, job)}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(call, call.store.get(IMPORT_JOB, request["JobId"]))


def start(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    job = _in_state(call, request["JobId"], "CREATED")
    until = call.now + call.timing.importing
    job.fields |= {"Status": "PROCESSING", "StartTimestamp": call.now, "until": until}
    return {}


def stop(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    job = _in_state(call, request["JobId"], "PROCESSING")
    job.fields |= {
        "Status": "STOPPED",
        "ImportedItemsCount": 0,
        "FailedItemsCount": 0,
        "CompletedTimestamp": call.now,
    }
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    target = call.store.get(ADDRESS_LIST, request["AddressListId"])
    jobs = [one for one in call.store.all(IMPORT_JOB) if one.fields["AddressListId"] == target.id]
    return paging.page(call.operation, request, jobs, "ImportJobs", lambda job: _shown(call, job))


def upload(store: Store, identifier: str, content: bytes) -> None:
    """Take the file of a job, which may replace it until the job is started (S3 would too)."""
    store.get(IMPORT_JOB, identifier).fields["file"] = content


def _finish(store: Store, job: Resource, now: float) -> None:
    job.fields["CompletedTimestamp"] = now
    content, job.fields["file"] = job.fields["file"], None
    if content is None:
        job.fields |= {"Status": "FAILED", "Error": "no file was uploaded"}
        return
    try:
        entries = addresses.read(content, job.fields["ImportDataFormat"]["ImportDataType"])
    except ValueError as error:
        job.fields |= {"Status": "FAILED", "Error": f"the file cannot be read: {error}"}
        return
    target = store.resources[job.fields["AddressListId"]]
    imported = sum(
        isinstance(entry, str)
        and not addresses.problem(entry)
        and address_lists.add(store, target, entry, now)
        for entry in entries
    )
    job.fields |= {
        "Status": "COMPLETED",
        "ImportedItemsCount": imported,
        "FailedItemsCount": len(entries) - imported,
    }


def _in_state(call: Call, identifier: str, status: str) -> Resource:
    job = call.store.get(IMPORT_JOB, identifier)
    if job.fields["Status"] != status:
        raise errors.conflict(f"import job {job.name} is {job.fields['Status']}, not {status}")
    return job


def _link(call: Call, job: Resource) -> str:
    return links.make(call, "PUT", job.id, job.created)


def _shown(call: Call, job: Resource) -> dict[str, Any]:
    shown = {
        "JobId": job.id,
        "Name": job.name,
        "Status": job.fields["Status"],
        "PreSignedUrl": _link(call, job),
        "ImportDataFormat": job.fields["ImportDataFormat"],
        "AddressListId": job.fields["AddressListId"],
        "CreatedTimestamp": job.created,
    }
    return shown | {name: job.fields[name] for name in _RESULTS if name in job.fields}
