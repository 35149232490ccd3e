"""boto3's clients: made once, with the host's own credentials or those of an action's role.

Promises: every call ends within the timeouts of the settings; boto3 retries nothing, since the
queue does. A client serves many threads; making one is done by one at a time. Assumed credentials
are renewed five minutes before their end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from gatepost.actions.values import AwsSettings

_EARLY: Final = 300.0
_HOME: Final = "us-east-1"
_Key = tuple[str, str | None, str | None]


class Clients:
    def __init__(
        self, settings: AwsSettings, most: int, clock: Callable[[], float] = time.time
    ) -> None:
        """most: calls at once by one client."""
        self._settings = settings
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._made: dict[_Key, Any] = {}
        self._roles: dict[str, tuple[Mapping[str, str], float]] = {}

    def refresh(self, settings: AwsSettings) -> None:
        """On a reload: credentials are read, and roles assumed, anew."""
        with self._lock:
            self._settings = settings
            self._made = {}
            self._roles = {}

    def client(self, service: str, parameters: Mapping[str, Any], region: str | None = None) -> Any:
        """parameters: the action's, which name a RoleArn. region: None for the settings' own.
        Raises what boto3 raises."""
        role = parameters["RoleArn"] if self._settings.assume_roles else None
        region = region or self._settings.region
        credentials = {} if role is None else self._assumed(role)
        return self._client((service, region, role), credentials)

    def _client(self, key: _Key, credentials: Mapping[str, str]) -> Any:
        with self._lock:
            found = self._made.get(key)
            if found is None:
                found = self._made[key] = self._make(key[0], key[1], credentials)
            return found

    def _make(self, service: str, region: str | None, credentials: Mapping[str, str]) -> Any:
        import boto3
        import botocore.session
        from botocore.config import Config

        settings = self._settings
        core = botocore.session.Session(profile=None if credentials else settings.profile)
        if settings.credentials_file is not None:
            core.set_config_variable("credentials_file", str(settings.credentials_file))
        endpoint = settings.endpoints.get(service)
        config = Config(
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.read_timeout,
            retries={"total_max_attempts": 1},
            max_pool_connections=self._most,
            s3={"addressing_style": "auto" if endpoint is None else "path"},
        )
        session = boto3.Session(botocore_session=core, region_name=region)
        return session.client(service, endpoint_url=endpoint, config=config, **credentials)

    def _assumed(self, role: str) -> Mapping[str, str]:
        known = self._roles.get(role)
        if known is not None and self._clock() < known[1] - _EARLY:
            return known[0]
        sts = self._client(("sts", self._settings.region or _HOME, None), {})
        given = sts.assume_role(RoleArn=role, RoleSessionName="gatepostd")["Credentials"]
        credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        with self._lock:
            self._made = {key: made for key, made in self._made.items() if key[2] != role}
            self._roles[role] = credentials, given["Expiration"].timestamp()
        return credentials


def region_of(arn: str) -> str | None:
    """None where it names none."""
    parts = arn.split(":")
    return parts[3] or None if arn.startswith("arn:") and len(parts) > 3 else None
