"""The emulators as programs: announcement, control, faults, kept state, and the aws command."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

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
