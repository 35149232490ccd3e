"""Entries of address lists, and what must come and go."""

import json

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import address_members, addresses
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

from emulators.aws.mailmanager.addresses import problem as problem_of_the_service
from gatepost.policy.addresslist import AddressList

ENTRIES = [
    "ann@example.com",
    "ann+tag@example.com",
    "*@example.com",
    "sales-*@example.com",
    "*-sales@example.com",
    "s*les@example.com",
    "ann@*.example.com",
    "*.example.com",
    "*.a.b.c.d.e.f.g.h.i",
    "üser@example.com",
]
NONE = [
    "example.com",
    "*",
    "*@*.example.com",
    "a*@example.com",
    "ab*@example.com",
    "a-name-of-twenty-letters*@example.com",
    "ann@",
    "@example.com",
    "ann@example",
    "ann@ex*.example.com",
    "ann@a.*.example.com",
    "*.com",
    "*.a.b.c.d.e.f.g.h.i.j",
    "ann @example.com",
    'ann"@example.com',
    "ann@exa_mple.com",
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_entries(entry):
    assert addresses.problem(entry) == ""
    assert problem_of_the_service(entry) == ""
    AddressList([entry])


@pytest.mark.parametrize("entry", NONE)
def test_what_is_no_entry(entry):
    assert addresses.problem(entry) != ""
    assert problem_of_the_service(entry) != ""


def test_spellings_that_differ_in_case_are_one():
    found = addresses.entries("members", ["Ann@example.com", "ann@EXAMPLE.com", "b@example.com"])
    assert list(found.values()) == ["Ann@example.com", "b@example.com"]


@pytest.mark.parametrize("value", [None, 3, True, ["a@example.com"], "x", "x" * 321])
def test_what_is_no_string_names_its_place(value):
    with pytest.raises(BadOption, match=r"^members\[1\]: must"):
        addresses.entries("members", ["ann@example.com", value])


def test_more_than_a_list_holds():
    many = [f"u{number}@example.com" for number in range(100_001)]
    with pytest.raises(BadOption, match="holds 100001 entries; 100000 are allowed"):
        addresses.entries("members", many)


@pytest.mark.parametrize(
    ("current", "wanted", "purge", "members"),
    [
        (["a@x.org"], None, True, ([], [], 1)),
        ([], ["a@x.org"], False, (["a@x.org"], [], 1)),
        (["a@x.org"], ["b@x.org"], False, (["b@x.org"], [], 2)),
        (["a@x.org"], ["b@x.org"], True, (["b@x.org"], ["a@x.org"], 1)),
        (["A@x.org"], ["a@X.org"], True, ([], [], 1)),
        (["a@x.org", "b@x.org"], [], True, ([], ["a@x.org", "b@x.org"], 0)),
    ],
)
def test_changes(current, wanted, purge, members):
    entries = None if wanted is None else addresses.entries("members", wanted)
    assert addresses.changes(current, entries, purge) == members


def test_a_difference_shows_what_differs_and_no_more_than_a_hundred():
    add = [f"u{number:03}@x.org" for number in reversed(range(150))]
    before, after = addresses.difference(addresses.Members(add, ["z@x.org"], 199), 50)
    assert before == {"member_count": 50, "members": ["z@x.org"]}
    assert after["member_count"] == 199
    assert after["members"][0] == "u000@x.org"
    assert after["members"][100:] == ["… and 50 more"]


def test_the_same_members_make_no_difference():
    assert addresses.difference(addresses.Members([], [], 7), 7) == (
        {"member_count": 7},
        {"member_count": 7},
    )


@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ({"Status": "COMPLETED", "ImportedItemsCount": 3, "FailedItemsCount": 0}, ""),
        (
            {"Status": "COMPLETED", "ImportedItemsCount": 2, "FailedItemsCount": 1},
            "of 3 members 2 were imported and 1 refused",
        ),
        ({"Status": "COMPLETED"}, "of 3 members 0 were imported and 0 refused"),
        ({"Status": "FAILED", "Error": "bad file"}, "FAILED: bad file"),
        ({"Status": "STOPPED"}, "STOPPED: no reason is given"),
    ],
)
def test_what_an_import_came_to(job, reason):
    assert address_members.failure(job, 3) == reason


def test_the_file_of_an_import():
    assert json.loads(address_members.file(["üser@x.org", '"a@x.org'])) == {
        "items": [{"address": "üser@x.org"}, {"address": '"a@x.org'}]
    }


@pytest.mark.parametrize(
    ("options", "environment", "verify"),
    [
        ({"validate_certs": True}, None, True),
        ({"validate_certs": False, "aws_ca_bundle": "/ca"}, "/env", False),
        ({"validate_certs": True, "aws_ca_bundle": "/ca"}, "/env", "/ca"),
        ({}, "/env", "/env"),
    ],
)
def test_the_upload_verifies_as_other_calls_do(monkeypatch, options, environment, verify):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    if environment:
        monkeypatch.setenv("AWS_CA_BUNDLE", environment)
    assert address_members.verification(options) == verify
