"""The daemon's file for one ingress point, from what the emulated API holds.

It is what `gatepost import` composes, completed with what only this machine knows: where the
relays' servers are, the certificate, and the values of the secrets. Secrets go into files of their
own that their owner alone may read.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gatepost.cli.import_aws import Options, compose
from gatepost.cli.mail_manager import Account
from gatepost.errors import GatepostError

# Which announced SMTP server plays a relay's.
_PLAYED = (
    (re.compile(r"aspmx\.l\.google\.com\.?", re.IGNORECASE), "google"),
    (re.compile(r"[a-z0-9-]+\.mail\.protection\.outlook\.com\.?", re.IGNORECASE), "microsoft"),
    (re.compile(r"exchange\.example\.net\.?", re.IGNORECASE), "exchange"),
)


class Unusable(Exception):
    """The stored documents cannot be run here; the text says why."""


@dataclass(frozen=True)
class Cloud:
    """Where the emulated AWS and the mail servers are. smtp: host:port by name. ca: a file."""

    endpoint: str
    credentials: Mapping[str, str]
    smtp: Mapping[str, str]
    ca: Path


class Stored:
    """Reads the documents of one region."""

    def __init__(self, cloud: Cloud, region: str) -> None:
        self._cloud = cloud
        session = boto3.Session(
            aws_access_key_id=cloud.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=cloud.credentials["AWS_SECRET_ACCESS_KEY"],
            region_name=region,
        )

        def client(service: str) -> Any:
            # A connection waits for the answer: no long retries.
            config = Config(retries={"mode": "standard", "max_attempts": 2})
            return session.client(service, endpoint_url=cloud.endpoint, config=config)

        self._mailmanager = client("mailmanager")
        self._secrets = client("secretsmanager")
        self._account = Account(self._mailmanager, client("sesv2"))

    def write(
        self, ingress_id: str, directory: Path, listen: str, certificate: tuple[Path, Path]
    ) -> Path:
        """Write the daemon's file and the secrets beside it; the file. Raises Unusable."""
        try:
            found = self._account.read(ingress_id)
            point = found.ingress_points[0]
            if point["Status"] != "ACTIVE":
                raise Unusable(f"the ingress point is {point['Status']}")
            options = Options(
                hostname=str(point["ARecord"]),
                spool="spool",
                listen={"": [listen]},
                tls={"certificate": str(certificate[0]), "key": str(certificate[1])},
                metrics=None,
                bindings=self._bindings(found.relays),
            )
            content = compose(found, options)
            self._complete(content["ingress_points"][0], point, directory)
            for relay in found.relays:
                self._keep_secret(relay, directory)
        except (GatepostError, ClientError, BotoCoreError) as error:
            raise Unusable(str(error)) from error
        content["workers"] = 1
        content["spool"]["low_space"] = 0
        file = directory / "gatepost.yml"
        _write(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
        return file

    def _bindings(self, relays: tuple[Mapping[str, Any], ...]) -> dict[str, dict[str, str]]:
        bindings = {}
        for relay in relays:
            for pattern, name in _PLAYED:
                if pattern.fullmatch(relay["ServerName"]) and name in self._cloud.smtp:
                    bindings[relay["RelayName"]] = {
                        "tls": "verify",
                        "ca": str(self._cloud.ca),
                        "address": self._cloud.smtp[name],
                    }
        return bindings

    def _complete(self, made: dict[str, Any], point: Mapping[str, Any], directory: Path) -> None:
        made["proxy_protocol_from"] = ["127.0.0.0/8"]
        if point["Type"] == "AUTH":
            secret = point.get("IngressPointAuthConfiguration", {}).get("SecretArn")
            if not secret:
                raise Unusable("its SmtpPassword cannot be read back; give it a SecretArn")
            _write(directory / made["auth"]["secret_file"], self._secret(secret))
        if point["Type"] == "MTLS":
            whole = self._mailmanager.get_ingress_point(
                IngressPointId=point["IngressPointId"], IncludeTrustStoreContents="INCLUDE"
            )
            trust = whole["IngressPointAuthConfiguration"]["TlsAuthConfiguration"]["TrustStore"]
            _write(directory / made["tls"]["client_ca"], trust["CAContent"])

    def _keep_secret(self, relay: Mapping[str, Any], directory: Path) -> None:
        secret = relay.get("Authentication", {}).get("SecretArn")
        if secret:
            _write(directory / f"{relay['RelayName']}.json", self._secret(secret))

    def _secret(self, arn: str) -> str:
        value = self._secrets.get_secret_value(SecretId=arn)["SecretString"]
        try:
            json.loads(value)
        except ValueError:
            raise Unusable(f"secret {arn}: its value is not JSON") from None
        return str(value)


def _write(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
