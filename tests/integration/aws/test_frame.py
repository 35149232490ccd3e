"""The emulators as programs: announcement, control, faults, kept state, and the aws command."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

ROOT = Path(__file__).parents[3]
COMMAND = (sys.executable, "-m", "emulators", "--only", "aws")


def aws(info: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).with_name("aws")
    return subprocess.run(
        [command, "--endpoint-url", info["aws"], "--output", "json", "mailmanager", *arguments],
        env=os.environ | info["env"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class TestCommand:
    def test_lists_and_creates(self, cloud: Any) -> None:
        made = aws(
            cloud.info,
            *("create-relay", "--relay-name", "google", "--server-name", "aspmx.l.google.com"),
            *("--server-port", "25", "--authentication", '{"NoAuthentication": {}}'),
        )
        assert made.returncode == 0, made.stderr
        listed = aws(cloud.info, "list-relays")
        [relay] = json.loads(listed.stdout)["Relays"]
        assert relay["RelayId"] == json.loads(made.stdout)["RelayId"]

    def test_refuses_two_authentications(self, cloud: Any) -> None:
        both = {
            "NoAuthentication": {},
            "SecretArn": "arn:aws:secretsmanager:us-east-1:123456789012:secret:x",
        }
        made = aws(
            cloud.info,
            *("create-relay", "--relay-name", "google", "--server-name", "aspmx.l.google.com"),
            *("--server-port", "25", "--authentication", json.dumps(both)),
        )
        assert made.returncode != 0
        assert "Authentication" in made.stderr
        assert cloud.client("mailmanager").list_relays()["Relays"] == []


class TestControl:
    def test_throttles(self, cloud: Any) -> None:
        fault = {"service": "mailmanager", "operation": "ListRelays", "code": "ThrottlingException"}
        cloud.control("POST", "/faults", fault | {"count": 2})
        for _ in range(2):
            with pytest.raises(ClientError) as caught:
                cloud.client("mailmanager").list_relays()
            assert caught.value.response["Error"]["Code"] == "ThrottlingException"
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert cloud.client("mailmanager").list_relays()["Relays"] == []

    def test_a_client_that_retries_gets_through(self, cloud: Any) -> None:
        cloud.control("POST", "/faults", {"code": "ThrottlingException", "status": 429})
        assert cloud.client("mailmanager", retries=3).list_relays()["Relays"] == []

    @pytest.mark.parametrize(
        ("service", "operation"),
        [
            ("kms", "list_keys"),
            ("route53", "list_hosted_zones"),
            ("iam", "list_roles"),
            ("s3", "list_buckets"),
            ("sesv2", "list_email_identities"),
        ],
    )
    def test_denies_in_every_protocol(self, cloud: Any, service: str, operation: str) -> None:
        cloud.control("POST", "/faults", {"service": service, "code": "AccessDeniedException"})
        call = getattr(cloud.client(service), operation)
        with pytest.raises(ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        call()

    def test_counts_reads_and_writes(self, cloud: Any) -> None:
        mm = cloud.client("mailmanager")
        mm.list_relays()
        with pytest.raises(ClientError):
            mm.delete_relay(RelayId="r-gone")
        cloud.client("kms").create_key()
        cloud.client("sesv2").list_email_identities()
        cloud.client("sts").get_caller_identity()
        assert cloud.control("GET", "/aws/calls") == {
            "reads": {
                "mailmanager:ListRelays": 1,
                "sesv2:ListEmailIdentities": 1,
                "sts:GetCallerIdentity": 1,
            },
            "writes": {"kms:CreateKey": 1, "mailmanager:DeleteRelay": 1},
        }
        assert cloud.control("DELETE", "/aws/calls") == {"reads": {}, "writes": {}}

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/faults", {"count": 1}),
            ("/faults", {"code": "X", "colour": "red"}),
            ("/clock", {"advance": -1}),
            ("/clock", {"advance": "1"}),
            ("/clock", []),
            ("/aws/timing", {"provisioning": True}),
            ("/aws/timing", {"provision": 1}),
            ("/aws/throttling", {"rate": -1}),
            ("/aws/throttling", {"rate": "1"}),
            ("/aws/throttling", {"burst": 0}),
            ("/aws/throttling", {"services": "kms"}),
            ("/aws/throttling", {"speed": 1}),
        ],
    )
    def test_names_bad_input(self, cloud: Any, path: str, body: Any) -> None:
        with pytest.raises(urllib.error.HTTPError) as caught:
            cloud.control("POST", path, body)
        assert caught.value.code == 400
        assert json.loads(caught.value.read())["error"]

    def test_unsigned_requests_are_refused(self, cloud: Any) -> None:
        request = urllib.request.Request(
            cloud.info["aws"], b"{}", {"X-Amz-Target": "MailManagerSvc.ListRelays"}
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=10)
        assert caught.value.code == 403

    def test_what_is_not_emulated_says_so(self, cloud: Any) -> None:
        with pytest.raises(ClientError, match="not emulated"):
            cloud.client("sqs").list_queues()


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


def test_an_unknown_emulator_is_named() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "emulators", "--only", "aws,azure"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert "azure" in ended.stderr
