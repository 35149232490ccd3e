"""Every list in pages, every quota of an account, and ARNs in every partition."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulators.aws import validation
from tests.integration.aws.cloud import Cloud, archive, refused
from tests.integration.aws.test_mail_manager import ingress, relay

MODEL = validation.service_model("mailmanager")
EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def policy(mm: Any, name: str) -> str:
    made: str = mm.create_traffic_policy(
        TrafficPolicyName=name, PolicyStatements=[], DefaultAction="ALLOW"
    )["TrafficPolicyId"]
    return made


def rule_set(mm: Any, name: str) -> str:
    made: str = mm.create_rule_set(RuleSetName=name, Rules=[])["RuleSetId"]
    return made


def address_list(mm: Any, name: str) -> str:
    made: str = mm.create_address_list(AddressListName=name)["AddressListId"]
    return made


def addon(mm: Any, name: str) -> str:
    names = {
        "name0": "SPAMHAUS_DBL",
        "name1": "ABUSIX_MAIL_INTELLIGENCE",
        "name2": "TRENDMICRO_VSAPI",
    }
    made: str = mm.create_addon_subscription(AddonName=names[name])["AddonSubscriptionId"]
    return made


def addon_instance(mm: Any, name: str) -> str:
    made: str = mm.create_addon_instance(AddonSubscriptionId=addon(mm, name))["AddonInstanceId"]
    return made


def member(mm: Any, held: str, name: str) -> str:
    mm.register_member_to_address_list(AddressListId=held, Address=f"{name}@example.com")
    return f"{name}@example.com"


def job(mm: Any, held: str, name: str) -> str:
    made: str = mm.create_address_list_import_job(
        AddressListId=held, Name=name, ImportDataFormat={"ImportDataType": "CSV"}
    )["JobId"]
    return made


def search(mm: Any, held: str, _name: str) -> str:
    made: str = mm.start_archive_search(
        ArchiveId=held, FromTimestamp=EPOCH, ToTimestamp=EPOCH, MaxResults=1
    )["SearchId"]
    return made


def export(mm: Any, held: str, _name: str) -> str:
    made: str = mm.start_archive_export(
        ArchiveId=held,
        FromTimestamp=EPOCH,
        ToTimestamp=EPOCH,
        ExportDestinationConfiguration={"S3": {"S3Location": "s3://nowhere"}},
    )["ExportId"]
    return made


# operation, its list, the member that tells items apart, what makes one of a name; of a list
# inside something, first what makes that and the parameter that names it.
Made = Callable[..., str]
LISTS: dict[str, tuple[str, str, Made, tuple[Made, str] | None]] = {
    "ListRelays": ("Relays", "RelayId", relay, None),
    "ListRuleSets": ("RuleSets", "RuleSetId", rule_set, None),
    "ListTrafficPolicies": ("TrafficPolicies", "TrafficPolicyId", policy, None),
    "ListIngressPoints": ("IngressPoints", "IngressPointId", ingress, None),
    "ListArchives": ("Archives", "ArchiveId", archive, None),
    "ListAddressLists": ("AddressLists", "AddressListId", address_list, None),
    "ListAddonSubscriptions": ("AddonSubscriptions", "AddonSubscriptionId", addon, None),
    "ListAddonInstances": ("AddonInstances", "AddonInstanceId", addon_instance, None),
    "ListMembersOfAddressList": (
        "Addresses",
        "Address",
        member,
        (address_list, "AddressListId"),
    ),
    "ListAddressListImportJobs": ("ImportJobs", "JobId", job, (address_list, "AddressListId")),
    "ListArchiveSearches": ("Searches", "SearchId", search, (archive, "ArchiveId")),
    "ListArchiveExports": ("Exports", "ExportId", export, (archive, "ArchiveId")),
}


def test_no_list_is_left_out() -> None:
    paged = {
        name
        for name in MODEL.operation_names
        if "NextToken" in MODEL.operation_model(name).input_shape.members
    }
    assert paged == set(LISTS)


@pytest.mark.parametrize("operation", LISTS)
def test_comes_in_pages(mm: Any, operation: str) -> None:
    member, identifier, make, inside = LISTS[operation]
    within = {}
    if inside is not None:
        held = inside[0](mm, "held")
        within = {inside[1]: held}
        made = [make(mm, held, f"name{number}") for number in range(3)]
    else:
        made = [make(mm, f"name{number}") for number in range(3)]
    method = method_name(operation)
    call = getattr(mm, method)
    pages = [page[member] for page in mm.get_paginator(method).paginate(PageSize=1, **within)]
    assert [len(page) for page in pages] == [1, 1, 1]
    assert [page[0][identifier] for page in pages] == made
    first = call(PageSize=2, **within)
    assert len(first[member]) == 2
    assert "NextToken" not in call(NextToken=first["NextToken"], **within)
    assert [one[identifier] for one in call(**within)[member]] == made
    for token in ("nonsense", "bm9uc2Vuc2U=", "WyJMaXN0T3RoZXIiLCAxXQ=="):
        with refused("ValidationException", 400):
            call(NextToken=token, **within)


def method_name(operation: str) -> str:
    """The boto3 method of an operation."""
    text = "".join(f"_{one.lower()}" if one.isupper() else one for one in operation)
    return text.lstrip("_")


@pytest.mark.parametrize(
    ("make", "limit"),
    [(relay, 40), (rule_set, 40), (policy, 100)],
)
def test_an_account_holds_so_many(cloud: Cloud, mm: Any, make: Made, limit: int) -> None:
    for number in range(limit):
        make(mm, f"name{number}")
    with refused("ServiceQuotaExceededException", 402):
        make(mm, "one-more")
    make(cloud.client("mailmanager", "eu-west-1"), "name0")


@pytest.mark.parametrize(
    ("kind", "limit"),
    [("OPEN", 10), ("AUTH", 50), ("MTLS", 10)],
)
def test_ingress_points_of_each_type(cloud: Cloud, mm: Any, kind: str, limit: int) -> None:
    authority = {"TrustStore": {"CAContent": Path(cloud.info["ca"]).read_text()}}
    configuration = {
        "OPEN": {},
        "AUTH": {"IngressPointConfiguration": {"SmtpPassword": "long-enough"}},
        "MTLS": {"IngressPointConfiguration": {"TlsAuthConfiguration": authority}},
    }[kind]
    named = {"RuleSetId": rule_set(mm, "main"), "TrafficPolicyId": policy(mm, "edge")}

    def make(name: str) -> None:
        mm.create_ingress_point(IngressPointName=name, Type=kind, **named, **configuration)

    for number in range(limit):
        make(f"name{number}")
    with refused("ServiceQuotaExceededException", 402):
        make("one-more")


PARTITIONS = {
    "eu-central-1": "aws",
    "us-gov-west-1": "aws-us-gov",
    "cn-north-1": "aws-cn",
}


@pytest.mark.parametrize("region", PARTITIONS)
def test_arns_are_of_the_regions_partition(cloud: Cloud, region: str) -> None:
    mm = cloud.client("mailmanager", region)
    prefix = f"arn:{PARTITIONS[region]}:ses:{region}:123456789012"
    point = mm.get_ingress_point(IngressPointId=ingress(mm))
    found = {
        "mailmanager-smtp-relay": mm.get_relay(RelayId=relay(mm))["RelayArn"],
        "mailmanager-ingress-point": point["IngressPointArn"],
        "mailmanager-rule-set": mm.get_rule_set(RuleSetId=point["RuleSetId"])["RuleSetArn"],
        "mailmanager-traffic-policy": mm.get_traffic_policy(
            TrafficPolicyId=point["TrafficPolicyId"]
        )["TrafficPolicyArn"],
        "mailmanager-archive": mm.get_archive(ArchiveId=archive(mm))["ArchiveArn"],
        "mailmanager-address-list": mm.get_address_list(AddressListId=address_list(mm, "a"))[
            "AddressListArn"
        ],
        "addon-subscription": mm.get_addon_subscription(AddonSubscriptionId=addon(mm, "name0"))[
            "AddonSubscriptionArn"
        ],
        "addon-instance": mm.get_addon_instance(AddonInstanceId=addon_instance(mm, "name1"))[
            "AddonInstanceArn"
        ],
    }
    for kind, arn in found.items():
        assert arn.startswith(f"{prefix}:{kind}/")
        mm.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
        assert mm.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
        mm.untag_resource(ResourceArn=arn, TagKeys=["a"])
        assert mm.list_tags_for_resource(ResourceArn=arn)["Tags"] == []
    with refused("ResourceNotFoundException", 404):
        cloud.client("mailmanager").list_tags_for_resource(ResourceArn=arn)
