"""Mail Manager through boto3: every operation, its refusals and their HTTP status."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.aws.cloud import refused

NONE = {"NoAuthentication": {}}


def relay(mm: Any, name: str = "google", **changes: Any) -> str:
    values = {"ServerName": "aspmx.l.google.com", "ServerPort": 25, "Authentication": NONE}
    created: str = mm.create_relay(RelayName=name, **(values | changes))["RelayId"]
    return created


def rules(target: str, count: int = 1) -> list[dict[str, Any]]:
    return [{"Name": f"r{n}", "Actions": [{"Relay": {"Relay": target}}]} for n in range(count)]


def ingress(mm: Any, name: str = "edge", **changes: Any) -> str:
    values = {
        "Type": "OPEN",
        "RuleSetId": mm.create_rule_set(RuleSetName=name, Rules=[])["RuleSetId"],
        "TrafficPolicyId": mm.create_traffic_policy(
            TrafficPolicyName=name, PolicyStatements=[], DefaultAction="ALLOW"
        )["TrafficPolicyId"],
    }
    created: str = mm.create_ingress_point(IngressPointName=name, **(values | changes))[
        "IngressPointId"
    ]
    return created


class TestRelays:
    def test_lives(self, mm: Any) -> None:
        identifier = relay(mm)
        got = mm.get_relay(RelayId=identifier)
        assert got["RelayArn"] == (
            f"arn:aws:ses:us-east-1:123456789012:mailmanager-smtp-relay/{identifier}"
        )
        assert identifier.startswith("r-")
        assert (got["ServerName"], got["ServerPort"]) == ("aspmx.l.google.com", 25)
        assert got["Authentication"] == NONE
        mm.update_relay(RelayId=identifier, RelayName="renamed", ServerPort=587)
        got = mm.get_relay(RelayId=identifier)
        assert (got["RelayName"], got["ServerPort"]) == ("renamed", 587)
        assert got["LastModifiedTimestamp"] >= got["CreatedTimestamp"]
        [listed] = mm.list_relays()["Relays"]
        assert set(listed) == {"RelayId", "RelayName", "LastModifiedTimestamp"}
        mm.delete_relay(RelayId=identifier)
        with refused("ResourceNotFoundException", 404):
            mm.get_relay(RelayId=identifier)

    def test_names_are_unique(self, mm: Any) -> None:
        first, second = relay(mm, "a"), relay(mm, "b")
        with refused("ConflictException", 409):
            relay(mm, "a")
        with refused("ConflictException", 409):
            mm.update_relay(RelayId=second, RelayName="a")
        mm.update_relay(RelayId=first, RelayName="a")

    def test_forty_at_most(self, mm: Any) -> None:
        for number in range(40):
            relay(mm, f"r{number}")
        with refused("ServiceQuotaExceededException", 402):
            relay(mm, "one-more")

    def test_regions_are_apart(self, cloud: Any, mm: Any) -> None:
        relay(mm)
        elsewhere = cloud.client("mailmanager", "us-gov-west-1")
        assert elsewhere.list_relays()["Relays"] == []
        arn = elsewhere.get_relay(RelayId=relay(elsewhere))["RelayArn"]
        assert arn.startswith("arn:aws-us-gov:ses:us-gov-west-1:")

    def test_pages(self, mm: Any) -> None:
        names = [f"r{number}" for number in range(7)]
        for name in names:
            relay(mm, name)
        pages = list(mm.get_paginator("list_relays").paginate(PaginationConfig={"PageSize": 3}))
        assert [len(page["Relays"]) for page in pages] == [3, 3, 1]
        assert [one["RelayName"] for page in pages for one in page["Relays"]] == names
        for foreign in ("x", "bm9uc2Vuc2U=", "\N{SNOWMAN}"):
            with refused("ValidationException", 400):
                mm.list_relays(NextToken=foreign)
        with refused("ValidationException", 400):
            mm.list_rule_sets(NextToken=pages[0]["NextToken"])
        with refused("ValidationException", 400):
            mm.list_relays(PageSize=51)

    def test_client_token(self, mm: Any) -> None:
        first = relay(mm, ClientToken="t1")
        assert relay(mm, ClientToken="t1") == first
        with refused("ConflictException", 409):
            relay(mm, "other", ClientToken="t1")
        assert len(mm.list_relays()["Relays"]) == 1

    def test_in_use(self, mm: Any) -> None:
        by_id, by_arn = relay(mm, "a"), relay(mm, "b")
        arn = mm.get_relay(RelayId=by_arn)["RelayArn"]
        held = mm.create_rule_set(RuleSetName="s", Rules=rules(by_id) + rules(arn))["RuleSetId"]
        for identifier in (by_id, by_arn):
            with refused("ConflictException", 409):
                mm.delete_relay(RelayId=identifier)
        mm.delete_rule_set(RuleSetId=held)
        mm.delete_relay(RelayId=by_id)


class TestRuleSets:
    def test_lives(self, mm: Any) -> None:
        target = relay(mm)
        identifier = mm.create_rule_set(RuleSetName="main", Rules=rules(target))["RuleSetId"]
        got = mm.get_rule_set(RuleSetId=identifier)
        assert got["Rules"] == rules(target)
        assert got["RuleSetArn"].endswith(f":mailmanager-rule-set/{identifier}")
        mm.update_rule_set(RuleSetId=identifier, RuleSetName="other", Rules=[])
        [listed] = mm.list_rule_sets()["RuleSets"]
        assert listed["RuleSetName"] == "other"
        mm.delete_rule_set(RuleSetId=identifier)
        mm.delete_rule_set(RuleSetId=identifier)  # its model knows no ResourceNotFoundException
        with refused("ResourceNotFoundException", 404):
            mm.get_rule_set(RuleSetId=identifier)

    def test_names_a_missing_relay(self, mm: Any) -> None:
        with refused("ValidationException", 400):
            mm.create_rule_set(RuleSetName="main", Rules=rules("r-gone"))
        assert mm.list_rule_sets()["RuleSets"] == []

    def test_ten_deliveries_at_most(self, mm: Any) -> None:
        target = relay(mm)
        held = mm.create_rule_set(RuleSetName="ten", Rules=rules(target, 10))["RuleSetId"]
        with refused("ServiceQuotaExceededException", 402):
            mm.create_rule_set(RuleSetName="eleven", Rules=rules(target, 11))
        with refused("ValidationException", 400):  # an update declares no quota error
            mm.update_rule_set(RuleSetId=held, Rules=rules(target, 11))


STATEMENT = {
    "Action": "DENY",
    "Conditions": [
        {
            "IpExpression": {
                "Evaluate": {"Attribute": "SENDER_IP"},
                "Operator": "CIDR_MATCHES",
                "Values": ["192.0.2.0/24"],
            }
        }
    ],
}


class TestTrafficPolicies:
    def create(self, mm: Any, statements: list[dict[str, Any]], name: str = "edge") -> str:
        identifier: str = mm.create_traffic_policy(
            TrafficPolicyName=name, PolicyStatements=statements, DefaultAction="ALLOW"
        )["TrafficPolicyId"]
        return identifier

    def test_lives(self, mm: Any) -> None:
        identifier = self.create(mm, [STATEMENT])
        got = mm.get_traffic_policy(TrafficPolicyId=identifier)
        assert got["PolicyStatements"] == [STATEMENT]
        assert "MaxMessageSizeBytes" not in got
        mm.update_traffic_policy(
            TrafficPolicyId=identifier, DefaultAction="DENY", MaxMessageSizeBytes=1000
        )
        got = mm.get_traffic_policy(TrafficPolicyId=identifier)
        assert (got["DefaultAction"], got["MaxMessageSizeBytes"]) == ("DENY", 1000)
        assert mm.list_traffic_policies()["TrafficPolicies"] == [
            {
                "TrafficPolicyName": "edge",
                "TrafficPolicyId": identifier,
                "DefaultAction": "DENY",
            }
        ]
        mm.delete_traffic_policy(TrafficPolicyId=identifier)
        with refused("ResourceNotFoundException", 404):
            mm.delete_traffic_policy(TrafficPolicyId=identifier)

    def test_twenty_statements_at_most(self, mm: Any) -> None:
        held = self.create(mm, [STATEMENT] * 20)
        with refused("ServiceQuotaExceededException", 402):
            self.create(mm, [STATEMENT] * 21, "more")
        with refused("ValidationException", 400):
            mm.update_traffic_policy(TrafficPolicyId=held, PolicyStatements=[STATEMENT] * 21)


class TestIngressPoints:
    def status(self, mm: Any, identifier: str) -> str:
        status: str = mm.get_ingress_point(IngressPointId=identifier)["Status"]
        return status

    def test_lives(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"provisioning": 60, "updating": 30})
        identifier = ingress(mm, TlsPolicy="OPTIONAL")
        got = mm.get_ingress_point(IngressPointId=identifier)
        assert got["Status"] == "PROVISIONING"
        assert "ARecord" not in got
        assert got["NetworkConfiguration"] == {"PublicNetworkConfiguration": {"IpType": "IPV4"}}
        with refused("ConflictException", 409):
            mm.update_ingress_point(IngressPointId=identifier, TlsPolicy="REQUIRED")
        cloud.control("POST", "/clock", {"advance": 61})
        got = mm.get_ingress_point(IngressPointId=identifier)
        assert got["Status"] == "ACTIVE"
        assert got["ARecord"].startswith(identifier)
        assert got["ARecord"].endswith(".mail-manager-smtp.us-east-1.amazonaws.com")
        mm.update_ingress_point(IngressPointId=identifier, StatusToUpdate="CLOSED")
        assert self.status(mm, identifier) == "UPDATING"
        cloud.control("POST", "/clock", {"advance": 31})
        assert self.status(mm, identifier) == "CLOSED"

    def test_deletion_holds_what_it_names(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"provisioning": 0, "deprovisioning": 60})
        identifier = ingress(mm)
        got = mm.get_ingress_point(IngressPointId=identifier)
        mm.delete_ingress_point(IngressPointId=identifier)
        [listed] = mm.list_ingress_points()["IngressPoints"]
        assert listed["Status"] == "DEPROVISIONING"
        with refused("ConflictException", 409):
            mm.delete_rule_set(RuleSetId=got["RuleSetId"])
        with refused("ConflictException", 409):
            mm.delete_traffic_policy(TrafficPolicyId=got["TrafficPolicyId"])
        cloud.control("POST", "/clock", {"advance": 61})
        assert mm.list_ingress_points()["IngressPoints"] == []
        mm.delete_rule_set(RuleSetId=got["RuleSetId"])
        mm.delete_traffic_policy(TrafficPolicyId=got["TrafficPolicyId"])

    def test_password_is_never_read_back(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"provisioning": 0, "updating": 0})
        identifier = ingress(
            mm, Type="AUTH", IngressPointConfiguration={"SmtpPassword": "first-password"}
        )
        mm.update_ingress_point(
            IngressPointId=identifier,
            IngressPointConfiguration={"SmtpPassword": "second-password"},
        )
        got = mm.get_ingress_point(IngressPointId=identifier)
        versions = got["IngressPointAuthConfiguration"]["IngressPointPasswordConfiguration"]
        assert versions["SmtpPasswordVersion"] == "2"
        assert versions["PreviousSmtpPasswordVersion"] == "1"
        assert "password" not in str(got["IngressPointAuthConfiguration"]).replace("Password", "")
        cloud.control("POST", "/clock", {"advance": 15 * 86400})
        got = mm.get_ingress_point(IngressPointId=identifier)
        assert got["IngressPointAuthConfiguration"] == {
            "IngressPointPasswordConfiguration": {"SmtpPasswordVersion": "2"}
        }

    @pytest.mark.parametrize(
        "changes",
        [
            {"RuleSetId": "rs-gone"},
            {"TrafficPolicyId": "tp-gone"},
            {"Type": "AUTH"},
            {"IngressPointConfiguration": {"SmtpPassword": "long-enough"}},
            {"Type": "AUTH", "IngressPointConfiguration": {"TlsAuthConfiguration": {}}},
            {
                "Type": "MTLS",
                "IngressPointConfiguration": {
                    "TlsAuthConfiguration": {"TrustStore": {"CAContent": "no certificate"}}
                },
            },
            {
                "Type": "AUTH",
                "TlsPolicy": "OPTIONAL",
                "IngressPointConfiguration": {"SmtpPassword": "long-enough"},
            },
        ],
    )
    def test_refuses(self, mm: Any, changes: dict[str, Any]) -> None:
        with refused("ValidationException", 400):
            ingress(mm, **changes)
        assert mm.list_ingress_points()["IngressPoints"] == []

    def test_mutual_tls(self, cloud: Any, mm: Any) -> None:
        store = {"TrustStore": {"CAContent": Path(cloud.info["ca"]).read_text()}}
        identifier = ingress(
            mm, Type="MTLS", IngressPointConfiguration={"TlsAuthConfiguration": store}
        )
        shown = mm.get_ingress_point(IngressPointId=identifier)["IngressPointAuthConfiguration"]
        assert shown == {"TlsAuthConfiguration": {}}
        shown = mm.get_ingress_point(
            IngressPointId=identifier, IncludeTrustStoreContents="INCLUDE"
        )["IngressPointAuthConfiguration"]
        assert shown == {"TlsAuthConfiguration": store}

    def test_tls_policy(self, cloud: Any, mm: Any) -> None:
        cloud.control("POST", "/aws/timing", {"provisioning": 0})
        fips = ingress(mm)
        assert mm.get_ingress_point(IngressPointId=fips)["TlsPolicy"] == "FIPS"
        with refused("ValidationException", 400):
            mm.update_ingress_point(IngressPointId=fips, TlsPolicy="REQUIRED")
        europe = cloud.client("mailmanager", "eu-central-1")
        required = ingress(europe)
        assert europe.get_ingress_point(IngressPointId=required)["TlsPolicy"] == "REQUIRED"
        with refused("ValidationException", 400):
            ingress(europe, "other", TlsPolicy="FIPS")


class TestTags:
    def test_lives(self, mm: Any) -> None:
        identifier = relay(mm, "tagged", Tags=[{"Key": "a", "Value": "1"}])
        arn = mm.get_relay(RelayId=identifier)["RelayArn"]
        mm.tag_resource(
            ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
        )
        mm.untag_resource(ResourceArn=arn, TagKeys=["b", "absent"])
        assert mm.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
        with refused("ResourceNotFoundException", 404):
            mm.list_tags_for_resource(ResourceArn=arn + "x")

    @pytest.mark.parametrize("keys", [["a", "a"], ["aws:mine"]])
    def test_refuses(self, mm: Any, keys: list[str]) -> None:
        with refused("ValidationException", 400):
            relay(mm, Tags=[{"Key": key, "Value": "v"} for key in keys])
