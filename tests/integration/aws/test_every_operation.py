"""Every operation of the pinned model is reached, and its raw answer fits its output shape.

botocore reads answers leniently, so they are walked against the shape instead.
"""

import json
import urllib.request
from typing import Any

from emulators.aws import validation
from tests.integration.aws.cloud import archive, send
from tests.integration.aws.test_mail_manager import ingress, relay, rules

MODEL = validation.service_model("mailmanager")
EVER = {"FromTimestamp": 0, "ToTimestamp": 4_000_000_000}


def story(cloud: Any, mm: Any) -> None:
    """One life of everything that Mail Manager has, in an order that its references allow."""
    cloud.control("POST", "/aws/timing", dict.fromkeys(("provisioning", "updating"), 0))
    gateway(mm)
    lists(cloud, mm)
    archives(cloud, mm)
    addons(mm)


def gateway(mm: Any) -> None:
    target = relay(mm)
    mm.update_relay(RelayId=target, ServerPort=587)
    arn = mm.get_relay(RelayId=target)["RelayArn"]
    mm.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    mm.list_tags_for_resource(ResourceArn=arn)
    mm.untag_resource(ResourceArn=arn, TagKeys=["a"])
    mm.list_relays()
    rule_set = mm.create_rule_set(RuleSetName="main", Rules=rules(target))["RuleSetId"]
    mm.get_rule_set(RuleSetId=rule_set)
    mm.update_rule_set(RuleSetId=rule_set, Rules=[])
    mm.list_rule_sets()
    mm.delete_rule_set(RuleSetId=rule_set)
    mm.delete_relay(RelayId=target)
    point = ingress(mm, TlsPolicy="OPTIONAL")
    mm.list_ingress_points()
    got = mm.get_ingress_point(IngressPointId=point)
    mm.update_ingress_point(IngressPointId=point, TlsPolicy="REQUIRED")
    policy = got["TrafficPolicyId"]
    mm.get_traffic_policy(TrafficPolicyId=policy)
    mm.update_traffic_policy(TrafficPolicyId=policy, MaxMessageSizeBytes=1000)
    mm.list_traffic_policies()
    mm.delete_ingress_point(IngressPointId=point)
    other = mm.create_traffic_policy(
        TrafficPolicyName="other", PolicyStatements=[], DefaultAction="DENY"
    )["TrafficPolicyId"]
    mm.delete_traffic_policy(TrafficPolicyId=other)


def lists(cloud: Any, mm: Any) -> None:
    identifier = mm.create_address_list(AddressListName="deny")["AddressListId"]
    member = {"AddressListId": identifier, "Address": "ann@example.com"}
    mm.register_member_to_address_list(**member)
    mm.get_member_of_address_list(**member)
    mm.list_members_of_address_list(AddressListId=identifier)
    mm.deregister_member_from_address_list(**member)
    job = mm.create_address_list_import_job(
        AddressListId=identifier, Name="bulk", ImportDataFormat={"ImportDataType": "CSV"}
    )
    request = urllib.request.Request(job["PreSignedUrl"], b"address\na@b.co\n", method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
    cloud.control("POST", "/aws/timing", {"importing": 60})
    mm.start_address_list_import_job(JobId=job["JobId"])
    mm.stop_address_list_import_job(JobId=job["JobId"])
    mm.get_address_list_import_job(JobId=job["JobId"])
    mm.list_address_list_import_jobs(AddressListId=identifier)
    mm.get_address_list(AddressListId=identifier)
    mm.list_address_lists()
    mm.delete_address_list(AddressListId=identifier)


def archives(cloud: Any, mm: Any) -> None:
    identifier = archive(mm)
    mm.update_archive(ArchiveId=identifier, Retention={"RetentionPeriod": "ONE_YEAR"})
    mm.get_archive(ArchiveId=identifier)
    mm.list_archives()
    message = send(cloud, identifier, "Subject: a\r\n\r\nb\r\n")
    mm.get_archive_message(ArchivedMessageId=message)
    mm.get_archive_message_content(ArchivedMessageId=message)
    cloud.control("POST", "/aws/timing", {"searching": 0, "exporting": 0})
    search = mm.start_archive_search(ArchiveId=identifier, MaxResults=9, **EVER)["SearchId"]
    mm.get_archive_search(SearchId=search)
    mm.get_archive_search_results(SearchId=search)
    mm.list_archive_searches(ArchiveId=identifier)
    destination = {"S3": {"S3Location": "s3://nowhere"}}
    export = mm.start_archive_export(
        ArchiveId=identifier, ExportDestinationConfiguration=destination, **EVER
    )["ExportId"]
    mm.get_archive_export(ExportId=export)
    mm.list_archive_exports(ArchiveId=identifier)
    cloud.control("POST", "/aws/timing", {"searching": 60, "exporting": 60})
    search = mm.start_archive_search(ArchiveId=identifier, MaxResults=9, **EVER)["SearchId"]
    mm.stop_archive_search(SearchId=search)
    export = mm.start_archive_export(
        ArchiveId=identifier, ExportDestinationConfiguration=destination, **EVER
    )["ExportId"]
    mm.stop_archive_export(ExportId=export)
    mm.delete_archive(ArchiveId=identifier)


def addons(mm: Any) -> None:
    subscription = mm.create_addon_subscription(AddonName="SPAMHAUS_DBL")["AddonSubscriptionId"]
    mm.get_addon_subscription(AddonSubscriptionId=subscription)
    mm.list_addon_subscriptions()
    instance = mm.create_addon_instance(AddonSubscriptionId=subscription)["AddonInstanceId"]
    mm.get_addon_instance(AddonInstanceId=instance)
    mm.list_addon_instances()
    mm.delete_addon_instance(AddonInstanceId=instance)
    mm.delete_addon_subscription(AddonSubscriptionId=subscription)


def test_every_operation_answers_in_its_shape(cloud: Any, mm: Any) -> None:
    found: dict[str, list[str]] = {}

    def walk(http_response: Any, model: Any, **_: Any) -> None:
        if http_response.status_code == 200:
            raw = json.loads(http_response.content)
            found[model.name] = validation.problems(model.output_shape, raw)

    mm.meta.events.register("after-call.mailmanager", walk)
    story(cloud, mm)
    assert set(found) == set(MODEL.operation_names)
    assert {name: texts for name, texts in found.items() if texts} == {}
