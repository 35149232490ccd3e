"""Address lists through boto3: members one by one, in bulk from a file, and by filter."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.integration.aws.cloud import refused


def address_list(mm: Any, name: str = "deny", **more: Any) -> str:
    made: str = mm.create_address_list(AddressListName=name, **more)["AddressListId"]
    return made


def members(mm: Any, identifier: str, **more: Any) -> list[str]:
    pages = mm.get_paginator("list_members_of_address_list").paginate(
        AddressListId=identifier, **more
    )
    return [one["Address"] for page in pages for one in page["Addresses"]]


def put(link: str, content: bytes, method: str = "PUT") -> None:
    request = urllib.request.Request(link, content, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


class TestLists:
    def test_lives(self, mm: Any) -> None:
        identifier = address_list(mm)
        got = mm.get_address_list(AddressListId=identifier)
        assert got["AddressListArn"] == (
            f"arn:aws:ses:us-east-1:123456789012:mailmanager-address-list/{identifier}"
        )
        assert mm.list_address_lists()["AddressLists"][0]["AddressListName"] == "deny"
        with refused("ConflictException", 409):
            address_list(mm)
        mm.delete_address_list(AddressListId=identifier)
        mm.delete_address_list(AddressListId=identifier)
        with refused("ResourceNotFoundException", 404):
            mm.get_address_list(AddressListId=identifier)

    def test_a_hundred_at_most(self, mm: Any) -> None:
        for number in range(100):
            address_list(mm, f"l{number}")
        with refused("ServiceQuotaExceededException", 402):
            address_list(mm, "one-more")

    def test_policies_and_rules_hold_what_they_name(self, mm: Any) -> None:
        identifier = address_list(mm)
        arn = mm.get_address_list(AddressListId=identifier)["AddressListArn"]
        condition = {
            "BooleanExpression": {
                "Evaluate": {"IsInAddressList": {"Attribute": "RECIPIENT", "AddressLists": [arn]}},
                "Operator": "IS_TRUE",
            }
        }
        statements = [{"Action": "ALLOW", "Conditions": [condition]}]
        rules = [{"Name": "r", "Conditions": [condition], "Actions": [{"Drop": {}}]}]
        policy = mm.create_traffic_policy(
            TrafficPolicyName="edge", PolicyStatements=statements, DefaultAction="DENY"
        )["TrafficPolicyId"]
        rule_set = mm.create_rule_set(RuleSetName="main", Rules=rules)["RuleSetId"]
        with refused("ConflictException", 409):
            mm.delete_address_list(AddressListId=identifier)
        mm.delete_rule_set(RuleSetId=rule_set)
        with refused("ConflictException", 409):
            mm.delete_address_list(AddressListId=identifier)
        mm.delete_traffic_policy(TrafficPolicyId=policy)
        mm.delete_address_list(AddressListId=identifier)
        with refused("ValidationException", 400):
            mm.create_rule_set(RuleSetName="main", Rules=rules)


class TestMembers:
    def test_live(self, mm: Any) -> None:
        identifier = address_list(mm)
        for _ in range(2):
            mm.register_member_to_address_list(AddressListId=identifier, Address="Ann@Example.com")
        got = mm.get_member_of_address_list(AddressListId=identifier, Address="ann@example.com")
        assert got["Address"] == "Ann@Example.com"
        assert members(mm, identifier) == ["Ann@Example.com"]
        mm.deregister_member_from_address_list(AddressListId=identifier, Address="ann@example.com")
        for call in (mm.get_member_of_address_list, mm.deregister_member_from_address_list):
            with refused("ResourceNotFoundException", 404):
                call(AddressListId=identifier, Address="ann@example.com")

    @pytest.mark.parametrize(
        "entry",
        [
            "a@b.co",
            "*@example.com",
            "123*@example.com",
            "*123@example.com",
            f"{'x' * 19}*@example.com",
            "*.example.com",
            "local@*.example.com",
            "local@*.a.b.c.d.e.f.g.h.i",
        ],
    )
    def test_takes(self, mm: Any, entry: str) -> None:
        identifier = address_list(mm)
        mm.register_member_to_address_list(AddressListId=identifier, Address=entry)
        assert members(mm, identifier) == [entry]

    @pytest.mark.parametrize(
        "entry",
        [
            "a*b*@example.com",
            "*@*.example.com",
            "ab*@example.com",
            f"{'x' * 20}*@example.com",
            "*.com",
            "*example.com",
            "local@*.com",
            "local@exa*.com",
            "local@*.a.b.c.d.e.f.g.h.i.j",
            "example.com",
            "@example.com",
            "a@@example.com",
            "a b@example.com",
            "a@-example.com",
            "a@example..com",
        ],
    )
    def test_refuses(self, mm: Any, entry: str) -> None:
        identifier = address_list(mm)
        with refused("ValidationException", 400) as caught:
            mm.register_member_to_address_list(AddressListId=identifier, Address=entry)
        assert entry not in str(caught.value)  # addresses are sensitive
        assert members(mm, identifier) == []

    def test_by_prefix(self, mm: Any) -> None:
        identifier = address_list(mm)
        for entry in ("ann@example.com", "Anna@example.com", "bob@example.com", "*@example.net"):
            mm.register_member_to_address_list(AddressListId=identifier, Address=entry)
        found = members(mm, identifier, Filter={"AddressPrefix": "aNN"}, PageSize=1)
        assert found == ["ann@example.com", "Anna@example.com"]
        assert members(mm, identifier, Filter={"AddressPrefix": "*"}) == ["*@example.net"]


class TestImports:
    def job(self, mm: Any, identifier: str, kind: str = "CSV") -> tuple[str, str]:
        made = mm.create_address_list_import_job(
            AddressListId=identifier, Name="bulk", ImportDataFormat={"ImportDataType": kind}
        )
        return made["JobId"], made["PreSignedUrl"]

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            (
                "CSV",
                b"address\r\nann@example.com\r\n*.example.net\r\n\r\nnot an address\r\na,b\r\n",
            ),
            ("CSV", b'\xef\xbb\xbfaddress\n"ann@example.com"\n*.example.net\n"x"\n@\n'),
            (
                "JSON",
                json.dumps(
                    {
                        "items": [
                            {"address": "ann@example.com"},
                            {"address": "*.example.net"},
                            {"address": 7},
                            "ann@example.com",
                        ]
                    }
                ).encode(),
            ),
        ],
    )
    def test_counts(self, cloud: Any, mm: Any, kind: str, content: bytes) -> None:
        identifier = address_list(mm)
        job, link = self.job(mm, identifier, kind)
        assert mm.get_address_list_import_job(JobId=job)["Status"] == "CREATED"
        put(link, content)
        cloud.control("POST", "/aws/timing", {"importing": 60})
        mm.start_address_list_import_job(JobId=job)
        got = mm.get_address_list_import_job(JobId=job)
        assert (got["Status"], members(mm, identifier)) == ("PROCESSING", [])
        with refused("ConflictException", 409):
            mm.start_address_list_import_job(JobId=job)
        cloud.control("POST", "/clock", {"advance": 61})
        [got] = mm.list_address_list_import_jobs(AddressListId=identifier)["ImportJobs"]
        assert (got["Status"], got["ImportedItemsCount"], got["FailedItemsCount"]) == (
            "COMPLETED",
            2,
            2,
        )
        assert members(mm, identifier) == ["ann@example.com", "*.example.net"]
        with refused("ConflictException", 409):
            mm.stop_address_list_import_job(JobId=job)

    @pytest.mark.parametrize(
        ("kind", "content"),
        [
            ("CSV", None),
            ("CSV", b""),
            ("CSV", b"ann@example.com\n"),
            ("CSV", b"\xff\xfe"),
            ("CSV", b'address\n"unclosed\n'),
            ("JSON", b"address\nann@example.com\n"),
            ("JSON", b'["ann@example.com"]'),
        ],
    )
    def test_fails(self, cloud: Any, mm: Any, kind: str, content: bytes | None) -> None:
        cloud.control("POST", "/aws/timing", {"importing": 0})
        identifier = address_list(mm)
        job, link = self.job(mm, identifier, kind)
        if content is not None:
            put(link, content)
        mm.start_address_list_import_job(JobId=job)
        got = mm.get_address_list_import_job(JobId=job)
        assert got["Status"] == "FAILED"
        assert got["Error"]
        assert members(mm, identifier) == []

    def test_is_stopped(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"importing": 60})
        identifier = address_list(mm)
        job, link = self.job(mm, identifier)
        with refused("ConflictException", 409):
            mm.stop_address_list_import_job(JobId=job)
        put(link, b"address\nann@example.com\n")
        mm.start_address_list_import_job(JobId=job)
        mm.stop_address_list_import_job(JobId=job)
        cloud.control("POST", "/clock", {"advance": 61})
        assert mm.get_address_list_import_job(JobId=job)["Status"] == "STOPPED"
        assert members(mm, identifier) == []

    def test_fills_a_list_to_the_brim(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"importing": 0})
        identifier = address_list(mm)
        job, link = self.job(mm, identifier)
        put(link, b"address\n" + b"".join(b"a%d@example.com\n" % n for n in range(100_003)))
        mm.start_address_list_import_job(JobId=job)
        got = mm.get_address_list_import_job(JobId=job)
        assert (got["ImportedItemsCount"], got["FailedItemsCount"]) == (100_000, 3)
        with refused("ServiceQuotaExceededException", 402):
            mm.register_member_to_address_list(AddressListId=identifier, Address="b@example.com")
        mm.register_member_to_address_list(AddressListId=identifier, Address="a1@example.com")
        mm.get_member_of_address_list(AddressListId=identifier, Address="a99999@example.com")
        with refused("ResourceNotFoundException", 404):
            mm.get_member_of_address_list(AddressListId=identifier, Address="a100000@example.com")

    def test_its_link_takes_what_it_was_made_for(self, cloud: Any, mm: Any) -> None:
        _, link = self.job(mm, address_list(mm))
        for spoiled, method in ((link, "GET"), (link.replace("/ij-", "/ij-x"), "PUT")):
            with pytest.raises(urllib.error.HTTPError) as caught:
                put(spoiled, b"x", method)
            assert caught.value.code == 403
        cloud.control("POST", "/clock", {"advance": 3601})
        with pytest.raises(urllib.error.HTTPError) as caught:
            put(link, b"x")
        assert caught.value.code == 403
        assert cloud.control("GET", "/aws/calls")["writes"]["s3:PutObject"] == 2
