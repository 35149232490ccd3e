"""The state of the emulated AWS from one run to the next: all of it, and nobody else's."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from tests.integration.aws.cloud import ACCOUNT

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "emulators", "--only", "aws")


class Program:
    """`python -m emulators` as a process of its own."""

    def __init__(self, directory: Path) -> None:
        self.output = directory / "emulators.json"
        self._process = subprocess.Popen(
            [*COMMAND, "--output", str(self.output), "--state", str(directory / "state")],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("ready"):
                break
        self.info = json.loads(self.output.read_text())

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0
        assert self._process.stdout is not None
        self._process.stdout.close()

    def control(self, path: str, body: Any) -> Any:
        request = urllib.request.Request(self.info["control"] + path, json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.info["aws"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def test_state_survives_a_restart(tmp_path: Path) -> None:
    start = time.monotonic()
    first = Program(tmp_path)
    try:
        assert time.monotonic() - start < 20
        relay = first.client("mailmanager").create_relay(
            RelayName="google",
            ServerName="aspmx.l.google.com",
            ServerPort=25,
            Authentication={"NoAuthentication": {}},
        )["RelayId"]
        key = first.client("kms").create_key()["KeyMetadata"]["KeyId"]
        first.client("secretsmanager").create_secret(Name="s", SecretString="v", KmsKeyId=key)
        first.client("sesv2").create_email_identity(EmailIdentity="example.com")
        first.client("s3").create_bucket(Bucket="mail")
        first.client("s3").put_object(Bucket="mail", Key="a", Body=b"x")
        first.client("sns").create_topic(Name="t")
        first.client("iam").create_user(UserName="u")
        first.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    finally:
        first.stop()
    assert not first.output.exists()
    assert (tmp_path / "state" / "aws.pickle").stat().st_mode & 0o077 == 0

    second = Program(tmp_path)
    try:
        got = second.client("mailmanager").get_relay(RelayId=relay)
        assert got["RelayName"] == "google"
        assert second.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Enabled"]
        value = second.client("secretsmanager").get_secret_value(SecretId="s")
        assert value["SecretString"] == "v"
        second.client("sesv2").get_email_identity(EmailIdentity="example.com")
        assert second.client("s3").get_object(Bucket="mail", Key="a")["Body"].read() == b"x"
        assert len(second.client("sns").list_topics()["Topics"]) == 1
        second.client("iam").get_user(UserName="u")
        assert len(second.client("route53").list_hosted_zones()["HostedZones"]) == 1
        assert second.info["ca"] == first.info["ca"]
    finally:
        second.stop()


def test_all_of_mail_manager_is_kept(tmp_path: Path) -> None:
    function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:rotate"
    first = Program(tmp_path)
    try:
        mm = first.client("mailmanager")
        archive = mm.create_archive(ArchiveName="held")["ArchiveId"]
        message = first.control(
            "/aws/archived_messages", {"ArchiveId": archive, "Message": "Subject: a\r\n\r\nb"}
        )["ArchivedMessageId"]
        kept = mm.create_address_list(AddressListName="deny")["AddressListId"]
        mm.register_member_to_address_list(AddressListId=kept, Address="ann@example.com")
        job = mm.create_address_list_import_job(
            AddressListId=kept, Name="bulk", ImportDataFormat={"ImportDataType": "CSV"}
        )["JobId"]
        subscription = mm.create_addon_subscription(AddonName="SPAMHAUS_DBL")
        instance = mm.create_addon_instance(**_id(subscription))["AddonInstanceId"]
        first.control("/aws/rotation", {"functions": [function]})
        secrets = first.client("secretsmanager")
        secrets.create_secret(Name="s", SecretString='{"password": "first"}')
        secrets.rotate_secret(
            SecretId="s",
            RotationLambdaARN=function,
            RotationRules={"AutomaticallyAfterDays": 9},
        )
    finally:
        first.stop()

    second = Program(tmp_path)
    try:
        mm = second.client("mailmanager")
        assert mm.get_archive(ArchiveId=archive)["ArchiveName"] == "held"
        link = mm.get_archive_message(ArchivedMessageId=message)["MessageDownloadLink"]
        with urllib.request.urlopen(link, timeout=10) as answer:
            assert answer.read() == b"Subject: a\r\n\r\nb"
        mm.get_member_of_address_list(AddressListId=kept, Address="ann@example.com")
        link = mm.get_address_list_import_job(JobId=job)["PreSignedUrl"]
        upload = urllib.request.Request(link, b"address\nbob@example.com\n", method="PUT")
        urllib.request.urlopen(upload, timeout=10).close()
        second.control("/aws/timing", {"importing": 0})
        mm.start_address_list_import_job(JobId=job)
        assert mm.get_address_list_import_job(JobId=job)["ImportedItemsCount"] == 1
        assert mm.get_addon_instance(AddonInstanceId=instance)["AddonName"] == "SPAMHAUS_DBL"
        secrets = second.client("secretsmanager")
        assert secrets.describe_secret(SecretId="s")["RotationRules"] == {
            "AutomaticallyAfterDays": 9
        }
        secrets.rotate_secret(SecretId="s")
    finally:
        second.stop()


def _id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_foreign_state_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "aws.pickle").write_bytes(b"nonsense")
    ended = subprocess.run(
        [*COMMAND, "--state", str(state), "--output", str(tmp_path / "emulators.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert str(state / "aws.pickle") in ended.stderr
    assert not (tmp_path / "emulators.json").exists()
