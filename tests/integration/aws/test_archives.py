"""Archives through boto3: their life, and searches, exports and reads of what they hold."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.integration.aws.cloud import ROOT, archive, policy, refused, send

DAY = 86400
MESSAGE = (
    "Received: from mail.example.net by mx.example.com; Mon, 2 Nov 2026 10:00:00 +0000\r\n"
    "From: Ann <ann@example.net>\r\nTo: bob@example.com\r\nCc: carol@example.com\r\n"
    "Subject: Quarterly figures\r\nMessage-ID: <1@example.net>\r\n"
    "Date: Mon, 2 Nov 2026 10:00:00 +0000\r\n\r\nSee you at noon.\r\n"
)
ATTACHED = (
    "From: dora@example.org\r\nTo: bob@example.com\r\nSubject: Plan\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    "--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    "--c\r\nContent-Type: text/plain\r\n\r\nplain\r\n"
    "--c\r\nContent-Type: text/html\r\n\r\n<p>rich</p>\r\n--c--\r\n"
    "--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=a.csv\r\n\r\n"
    "secret column\r\n--b--\r\n"
)
ENVELOPE = {"Helo": "mail.example.net", "From": "ann@example.net", "To": ["bob@example.com"]}
EVER = {"FromTimestamp": 0, "ToTimestamp": 4_000_000_000}


class TestArchives:
    def test_lives(self, cloud: Any, mm: Any) -> None:
        identifier = archive(mm)
        got = mm.get_archive(ArchiveId=identifier)
        assert got["ArchiveArn"] == (
            f"arn:aws:ses:us-east-1:123456789012:mailmanager-archive/{identifier}"
        )
        assert got["ArchiveState"] == "ACTIVE"
        assert got["Retention"] == {"RetentionPeriod": "SIX_MONTHS"}
        assert "KmsKeyArn" not in got
        mm.update_archive(
            ArchiveId=identifier, ArchiveName="renamed", Retention={"RetentionPeriod": "PERMANENT"}
        )
        got = mm.get_archive(ArchiveId=identifier)
        assert (got["ArchiveName"], got["Retention"]) == (
            "renamed",
            {"RetentionPeriod": "PERMANENT"},
        )
        [listed] = mm.list_archives()["Archives"]
        assert (listed["ArchiveId"], listed["ArchiveState"]) == (identifier, "ACTIVE")

    def test_a_deletion_takes_thirty_days(self, cloud: Any, mm: Any) -> None:
        identifier = archive(mm)
        mm.delete_archive(ArchiveId=identifier)
        assert mm.get_archive(ArchiveId=identifier)["ArchiveState"] == "PENDING_DELETION"
        for change in (
            lambda: mm.update_archive(ArchiveId=identifier, ArchiveName="other"),
            lambda: mm.delete_archive(ArchiveId=identifier),
            lambda: archive(mm),
            lambda: mm.start_archive_search(ArchiveId=identifier, MaxResults=1, **EVER),
        ):
            with refused("ConflictException", 409):
                change()
        cloud.control("POST", "/clock", {"advance": 31 * DAY})
        with refused("ResourceNotFoundException", 404):
            mm.get_archive(ArchiveId=identifier)
        mm.delete_archive(ArchiveId=identifier)
        archive(mm)

    def test_ten_active_at_most(self, mm: Any) -> None:
        made = [archive(mm, f"a{number}") for number in range(10)]
        with refused("ServiceQuotaExceededException", 402):
            archive(mm, "one-more")
        mm.delete_archive(ArchiveId=made[0])
        archive(mm, "one-more")

    def test_its_key(self, cloud: Any, mm: Any) -> None:
        kms = cloud.client("kms")
        key = kms.create_key(Policy=policy(ROOT))["KeyMetadata"]["Arn"]
        identifier = archive(mm, KmsKeyArn=key)
        assert mm.get_archive(ArchiveId=identifier)["KmsKeyArn"] == key
        with refused("ValidationException", 400):
            archive(mm, "other", KmsKeyArn=key[:-1] + "x")
        kms.disable_key(KeyId=key)
        with refused("ValidationException", 400):
            archive(mm, "other", KmsKeyArn=key)

    def test_a_rule_set_holds_what_it_names(self, mm: Any) -> None:
        identifier = archive(mm)
        rules = [{"Name": "keep", "Actions": [{"Archive": {"TargetArchive": identifier}}]}]
        rule_set = mm.create_rule_set(RuleSetName="main", Rules=rules)["RuleSetId"]
        with refused("ConflictException", 409):
            mm.delete_archive(ArchiveId=identifier)
        mm.delete_rule_set(RuleSetId=rule_set)
        mm.delete_archive(ArchiveId=identifier)
        with refused("ValidationException", 400):
            mm.create_rule_set(RuleSetName="main", Rules=rules)

    def test_retention_ends(self, cloud: Any, mm: Any) -> None:
        identifier = archive(mm, Retention={"RetentionPeriod": "THREE_MONTHS"})
        message = send(cloud, identifier, MESSAGE)
        cloud.control("POST", "/clock", {"advance": 90 * DAY})
        mm.get_archive_message(ArchivedMessageId=message)
        cloud.control("POST", "/clock", {"advance": 3 * DAY})
        with refused("ValidationException", 400):
            mm.get_archive_message(ArchivedMessageId=message)


def string(attribute: str, *values: str) -> dict[str, Any]:
    return {
        "StringExpression": {
            "Evaluate": {"Attribute": attribute},
            "Operator": "CONTAINS",
            "Values": list(values),
        }
    }


def attachments(operator: str) -> dict[str, Any]:
    return {
        "BooleanExpression": {"Evaluate": {"Attribute": "HAS_ATTACHMENTS"}, "Operator": operator}
    }


@pytest.fixture
def held(cloud: Any, mm: Any) -> tuple[str, str, str]:
    """An archive, and two messages in it: one plain, a day later one with an attachment."""
    cloud.control("POST", "/aws/timing", {"searching": 0, "exporting": 0})
    identifier = archive(mm, Retention={"RetentionPeriod": "PERMANENT"})
    plain = send(
        cloud,
        identifier,
        MESSAGE,
        Envelope=ENVELOPE,
        Metadata={"SenderIpAddress": "192.0.2.1", "IngressPointId": "inp-1"},
        ReceivedTimestamp=1_800_000_000,
    )
    other = ENVELOPE | {"From": "dora@example.org"}
    rich = send(cloud, identifier, ATTACHED, Envelope=other, ReceivedTimestamp=1_800_000_000 + DAY)
    return identifier, plain, rich


class TestSearches:
    @pytest.mark.parametrize(
        ("filters", "found"),
        [
            ({}, "rich plain"),
            ({"Include": [string("SUBJECT", "FIGURES")]}, "plain"),
            ({"Include": [string("FROM", "nobody", "dora@")]}, "rich"),
            ({"Include": [string("TO", "bob")]}, "rich plain"),
            ({"Include": [string("CC", "carol")]}, "plain"),
            ({"Include": [string("ENVELOPE_FROM", "ann@")]}, "plain"),
            ({"Include": [string("ENVELOPE_TO", "bob@"), string("SUBJECT", "plan")]}, "rich"),
            ({"Include": [attachments("IS_TRUE")]}, "rich"),
            ({"Include": [attachments("IS_FALSE")]}, "plain"),
            ({"Unless": [attachments("IS_TRUE")]}, "plain"),
            ({"Include": [string("TO", "bob")], "Unless": [string("TO", "bob")]}, ""),
        ],
    )
    def test_filters(
        self, mm: Any, held: tuple[str, str, str], filters: dict[str, Any], found: str
    ) -> None:
        identifier, plain, rich = held
        search = mm.start_archive_search(
            ArchiveId=identifier, Filters=filters, MaxResults=10, **EVER
        )["SearchId"]
        rows = mm.get_archive_search_results(SearchId=search)["Rows"]
        ids = {"plain": plain, "rich": rich}
        assert [row["ArchivedMessageId"] for row in rows] == [ids[one] for one in found.split()]

    def test_rows(self, mm: Any, held: tuple[str, str, str]) -> None:
        span = {"FromTimestamp": 1_800_000_000, "ToTimestamp": 1_800_000_000}
        search = mm.start_archive_search(ArchiveId=held[0], MaxResults=1, **span)["SearchId"]
        [row] = mm.get_archive_search_results(SearchId=search)["Rows"]
        del row["ReceivedTimestamp"], row["ReceivedHeaders"]
        assert row == {
            "ArchivedMessageId": held[1],
            "HasAttachments": False,
            "From": "Ann <ann@example.net>",
            "To": "bob@example.com",
            "Cc": "carol@example.com",
            "Subject": "Quarterly figures",
            "MessageId": "<1@example.net>",
            "Date": "Mon, 02 Nov 2026 10:00:00 +0000",
            "Envelope": ENVELOPE,
            "SenderIpAddress": "192.0.2.1",
            "IngressPointId": "inp-1",
        }

    def test_states(self, cloud: Any, mm: Any, held: tuple[str, str, str]) -> None:
        cloud.control("POST", "/aws/timing", {"searching": 1000})
        searches = [
            mm.start_archive_search(ArchiveId=held[0], MaxResults=1, **EVER)["SearchId"]
            for _ in range(2)
        ]

        def state(search: str) -> str:
            found: str = mm.get_archive_search(SearchId=search)["Status"]["State"]
            return found

        assert state(searches[0]) == "QUEUED"
        cloud.control("POST", "/clock", {"advance": 600})
        assert state(searches[0]) == "RUNNING"
        with refused("ConflictException", 409):
            mm.get_archive_search_results(SearchId=searches[0])
        mm.stop_archive_search(SearchId=searches[0])
        with refused("ValidationException", 400):
            mm.stop_archive_search(SearchId=searches[0])
        cloud.control("POST", "/clock", {"advance": 600})
        listed = mm.list_archive_searches(ArchiveId=held[0])["Searches"]
        assert [(one["SearchId"], one["Status"]["State"]) for one in listed] == [
            (searches[0], "CANCELLED"),
            (searches[1], "COMPLETED"),
        ]
        assert len(mm.get_archive_search_results(SearchId=searches[1])["Rows"]) == 1
        with refused("ValidationException", 400):
            mm.get_archive_search(SearchId="s-gone")

    def test_refuses(self, mm: Any, held: tuple[str, str, str]) -> None:
        with refused("ValidationException", 400):
            mm.start_archive_search(ArchiveId=held[0], MaxResults=1, FromTimestamp=2, ToTimestamp=1)
        with refused("ResourceNotFoundException", 404):
            mm.start_archive_search(ArchiveId="a-gone", MaxResults=1, **EVER)


class TestExports:
    def start(self, mm: Any, archive: str, where: str, **more: Any) -> str:
        destination = {"S3": {"S3Location": where}}
        started: str = mm.start_archive_export(
            ArchiveId=archive, ExportDestinationConfiguration=destination, **EVER, **more
        )["ExportId"]
        return started

    def test_writes_to_a_bucket(self, cloud: Any, mm: Any, held: tuple[str, str, str]) -> None:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket="exports")
        export = self.start(mm, held[0], "s3://exports/mail/2026", IncludeMetadata=True)
        got = mm.get_archive_export(ExportId=export)
        assert got["Status"]["State"] == "COMPLETED"
        assert got["ArchiveId"] == held[0]
        assert got["ExportDestinationConfiguration"]["S3"]["S3Location"] == "s3://exports/mail/2026"
        names = [one["Key"] for one in s3.list_objects_v2(Bucket="exports")["Contents"]]
        assert sorted(names) == sorted(
            f"mail/2026/{identifier}.{suffix}"
            for identifier in held[1:]
            for suffix in ("eml", "json")
        )
        body = s3.get_object(Bucket="exports", Key=f"mail/2026/{held[1]}.eml")["Body"].read()
        assert body == MESSAGE.encode()
        body = s3.get_object(Bucket="exports", Key=f"mail/2026/{held[1]}.json")["Body"].read()
        assert json.loads(body)["Subject"] == "Quarterly figures"

    def test_fails_without_its_bucket(self, mm: Any, held: tuple[str, str, str]) -> None:
        export = self.start(mm, held[0], "s3://nowhere", MaxResults=1)
        status = mm.get_archive_export(ExportId=export)["Status"]
        assert (status["State"], "nowhere" in status["ErrorMessage"]) == ("FAILED", True)

    def test_states(self, cloud: Any, mm: Any, held: tuple[str, str, str]) -> None:
        cloud.control("POST", "/aws/timing", {"exporting": 900})
        export = self.start(mm, held[0], "s3://nowhere")
        seen = []
        for _ in range(3):
            seen.append(mm.get_archive_export(ExportId=export)["Status"]["State"])
            cloud.control("POST", "/clock", {"advance": 300})
        assert seen == ["QUEUED", "PREPROCESSING", "PROCESSING"]
        stopped = self.start(mm, held[0], "s3://nowhere")
        mm.stop_archive_export(ExportId=stopped)
        listed = mm.list_archive_exports(ArchiveId=held[0])["Exports"]
        assert [one["Status"]["State"] for one in listed] == ["FAILED", "CANCELLED"]


class TestMessages:
    def test_are_downloaded(self, cloud: Any, mm: Any, held: tuple[str, str, str]) -> None:
        got = mm.get_archive_message(ArchivedMessageId=held[1])
        assert got["Envelope"] == ENVELOPE
        assert got["Metadata"]["SenderIpAddress"] == "192.0.2.1"
        link = got["MessageDownloadLink"]
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.read() == MESSAGE.encode()
        for spoiled in (link[:-1] + "x", link.replace("X-Amz-Date=2", "X-Amz-Date=1")):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(spoiled, timeout=10)
            assert caught.value.code == 403
        cloud.control("POST", "/clock", {"advance": 3601})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(link, timeout=10)
        assert b"expired" in caught.value.read()

    def test_show_their_texts(self, cloud: Any, mm: Any, held: tuple[str, str, str]) -> None:
        body = mm.get_archive_message_content(ArchivedMessageId=held[2])["Body"]
        assert {name: text.strip() for name, text in body.items() if text} == {
            "Text": "plain",
            "Html": "<p>rich</p>",
        }
        assert body["MessageMalformed"] is False
        broken = send(cloud, held[0], "Content-Type: multipart/mixed; boundary=x\r\n\r\nnone")
        body = mm.get_archive_message_content(ArchivedMessageId=broken)["Body"]
        assert body["MessageMalformed"] is True

    def test_are_out_of_reach_in_a_deleted_archive(
        self, mm: Any, held: tuple[str, str, str]
    ) -> None:
        link = mm.get_archive_message(ArchivedMessageId=held[1])["MessageDownloadLink"]
        mm.delete_archive(ArchiveId=held[0])
        with refused("AccessDeniedException", 403):
            mm.get_archive_message(ArchivedMessageId=held[1])
        with refused("AccessDeniedException", 403):
            mm.get_archive_message_content(ArchivedMessageId=held[1])
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(link, timeout=10)

    @pytest.mark.parametrize(
        ("changes", "status"),
        [
            ({"ArchiveId": "a-gone"}, 404),
            ({"Message": "a", "MessageBase64": "YQ=="}, 400),
            ({"Envelope": {"Form": "x"}}, 400),
            ({"Metadata": {"SenderIpAddress": 1}}, 400),
            ({"ReceivedTimestamp": "today"}, 400),
            ({"Colour": "red"}, 400),
        ],
    )
    def test_the_side_door_is_strict(
        self, cloud: Any, mm: Any, changes: dict[str, Any], status: int
    ) -> None:
        body = {"ArchiveId": archive(mm), "Message": MESSAGE} | changes
        with pytest.raises(urllib.error.HTTPError) as caught:
            cloud.control("POST", "/aws/archived_messages", body)
        assert caught.value.code == status
