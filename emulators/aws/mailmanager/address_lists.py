"""Address lists and their members.

A list has no update: only its members change, one by one here and in bulk by an import job.
Registering a member again changes nothing; taking out one that is not there is a
ResourceNotFoundException (both ours).
"""

from dataclasses import dataclass
from typing import Any

from emulators.aws import errors
from emulators.aws.mailmanager import addresses, paging, references
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import ADDRESS_LIST, IMPORT_JOB, Resource, Store

# Documented: members of one list.
LIMIT = 100_000
_MEMBERS_PAGE = 1000


@dataclass
class Member:
    address: str
    created: float
    sequence: int


def create(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    made = call.new(ADDRESS_LIST, request["AddressListName"], request)
    made.fields = {"members": {}}
    call.store.add(made)
    return {"AddressListId": made.id}


def get(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    return _shown(call.store.get(ADDRESS_LIST, request["AddressListId"]))


def delete(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    # The operation declares no ResourceNotFoundException: a list that is gone is deleted.
    found = call.store.find(ADDRESS_LIST, request["AddressListId"])
    if found is not None:
        references.check_unused(call.store, found)
        del call.store.resources[found.id]
        for job in list(call.store.all(IMPORT_JOB)):
            if job.fields["AddressListId"] == found.id:
                del call.store.resources[job.id]
    return {}


def list_(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    lists = call.store.all(ADDRESS_LIST)
    return paging.page(call.operation, request, lists, "AddressLists", _shown)


def register(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.store.get(ADDRESS_LIST, request["AddressListId"])
    problem = addresses.problem(request["Address"])
    if problem:
        raise errors.validation(f"Address: {problem}")
    if not add(call.store, found, request["Address"], call.now):
        raise errors.quota(f"an address list holds at most {LIMIT} addresses")
    return {}


def deregister(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.store.get(ADDRESS_LIST, request["AddressListId"])
    member = _member(found, request["Address"])
    del found.fields["members"][addresses.fold(member.address)]
    found.modified = call.now
    return {}


def get_member(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.store.get(ADDRESS_LIST, request["AddressListId"])
    return _shown_member(_member(found, request["Address"]))


def list_members(call: Call, request: dict[str, Any]) -> dict[str, Any]:
    found = call.store.get(ADDRESS_LIST, request["AddressListId"])
    prefix = addresses.fold(request.get("Filter", {}).get("AddressPrefix", ""))
    members = [member for key, member in found.fields["members"].items() if key.startswith(prefix)]
    return paging.page(
        call.operation, request, members, "Addresses", _shown_member, maximum=_MEMBERS_PAGE
    )


def add(store: Store, to: Resource, address: str, now: float) -> bool:
    """Put in a member, if it is not there. False when the list is full."""
    members = to.fields["members"]
    key = addresses.fold(address)
    if key not in members:
        if len(members) >= LIMIT:
            return False
        members[key] = Member(address, now, store.next_sequence())
        to.modified = now
    return True


def _member(of: Resource, address: str) -> Member:
    member: Member | None = of.fields["members"].get(addresses.fold(address))
    if member is None:
        raise errors.not_found(f"address list {of.name} has no such member")
    return member


def _shown(one: Resource) -> dict[str, Any]:
    return {
        "AddressListId": one.id,
        "AddressListArn": one.arn,
        "AddressListName": one.name,
        "CreatedTimestamp": one.created,
        "LastUpdatedTimestamp": one.modified,
    }


def _shown_member(member: Member) -> dict[str, Any]:
    return {"Address": member.address, "CreatedTimestamp": member.created}
