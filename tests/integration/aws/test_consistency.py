"""Reads and lists that lag behind the writes, when asked for."""

import urllib.error
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.aws.cloud import archive, refused


def names(mm: Any) -> list[str]:
    return [one["ArchiveName"] for one in mm.list_archives()["Archives"]]


def test_reads_and_lists_lag(cloud: Any, mm: Any) -> None:
    first = archive(mm, "first")
    cloud.control("POST", "/aws/consistency", {"reads": 5, "lists": 20})
    second = archive(mm, "second")
    with refused("ConflictException", 409):
        archive(mm, "second")
    with refused("ResourceNotFoundException", 404):
        mm.get_archive(ArchiveId=second)
    mm.update_archive(ArchiveId=first, ArchiveName="renamed")
    assert mm.get_archive(ArchiveId=first)["ArchiveName"] == "first"
    assert names(mm) == ["first"]
    cloud.control("POST", "/clock", {"advance": 6})
    assert mm.get_archive(ArchiveId=first)["ArchiveName"] == "renamed"
    assert mm.get_archive(ArchiveId=second)["ArchiveName"] == "second"
    assert names(mm) == ["first"]
    cloud.control("POST", "/clock", {"advance": 15})
    assert names(mm) == ["renamed", "second"]


def test_writes_show_one_after_another(cloud: Any, mm: Any) -> None:
    identifier = archive(mm, "a0")
    cloud.control("POST", "/aws/consistency", {"reads": 10})
    for number in (1, 2):
        mm.update_archive(ArchiveId=identifier, ArchiveName=f"a{number}")
        cloud.control("POST", "/clock", {"advance": 4})
    seen = []
    for _ in range(3):
        seen.append(mm.get_archive(ArchiveId=identifier)["ArchiveName"])
        cloud.control("POST", "/clock", {"advance": 4})
    assert seen == ["a0", "a1", "a2"]


def test_what_is_deleted_shows_for_a_while(cloud: Any, mm: Any) -> None:
    made = mm.create_address_list(AddressListName="deny")["AddressListId"]
    cloud.control("POST", "/aws/consistency", {"reads": 10, "lists": 10})
    mm.delete_address_list(AddressListId=made)
    mm.get_address_list(AddressListId=made)
    assert len(mm.list_address_lists()["AddressLists"]) == 1
    cloud.control("POST", "/aws/consistency", {})
    with refused("ResourceNotFoundException", 404):
        mm.get_address_list(AddressListId=made)


def test_identities_lag_too(cloud: Any, mm: Any) -> None:
    cloud.control("POST", "/aws/consistency", {"reads": 10})
    ses = cloud.client("sesv2")
    ses.create_email_identity(EmailIdentity="example.com")
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.get_email_identity(EmailIdentity="example.com")
    assert len(ses.list_email_identities()["EmailIdentities"]) == 1
    cloud.control("POST", "/clock", {"advance": 11})
    ses.get_email_identity(EmailIdentity="example.com")


@pytest.mark.parametrize("body", [{"reads": -1}, {"reads": True}, {"writes": 1}, []])
def test_the_side_door_is_strict(cloud: Any, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError):
        cloud.control("POST", "/aws/consistency", body)
