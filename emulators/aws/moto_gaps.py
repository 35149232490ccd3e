"""What moto refuses or fails at although the services take it, mended on its public classes.

- KMS operations on a key's state take an ARN as well as an id; moto's look up the id alone.
- Secrets Manager: moving AWSCURRENT to another version makes that the one which is current for all
  later calls; a version without a label is no longer listed; an empty description is taken.
- Secrets Manager rotates and tells of rotation as emulators.aws.rotation says; moto would run a
  function in a container, and forgets the schedule.
- Deletions of secrets and keys are scheduled by the emulated clock, and take place.
- KMS GetKeyPolicy and PutKeyPolicy default PolicyName to `default`; moto's ask for it.
"""

import datetime
import functools
from collections.abc import Callable
from typing import Any

from moto.kms import responses
from moto.kms.models import KmsBackend
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from emulators.aws import moto_clock, rotation

_BY_ID = (
    "schedule_key_deletion",
    "cancel_key_deletion",
    "enable_key",
    "disable_key",
    "update_key_description",
)


def mend() -> None:
    """Apply the corrections, once a process however often it is called."""
    if getattr(KmsBackend, "gatepost_mended", False):
        return
    for name in _BY_ID:
        setattr(KmsBackend, name, _by_any_id(getattr(KmsBackend, name)))
    SecretsManagerBackend.update_secret_version_stage = _current_follows(
        SecretsManagerBackend.update_secret_version_stage
    )
    SecretsManagerBackend.update_secret = _with_empty_description(
        SecretsManagerBackend.update_secret
    )
    SecretsManagerBackend.delete_secret = _deleted_by_the_clock(SecretsManagerBackend.delete_secret)
    SecretsManagerBackend.rotate_secret = rotation.rotate
    SecretsManagerBackend.cancel_rotate_secret = rotation.cancel
    FakeSecret.to_dict = _with_rotation(FakeSecret.to_dict)
    KmsBackend.schedule_key_deletion = _scheduled_by_the_clock(KmsBackend.schedule_key_deletion)
    FakeSecret._form_version_ids_to_stages = _labelled_versions
    responses._assert_default_policy = _with_default(responses._assert_default_policy)
    KmsBackend.gatepost_mended = True


def _by_any_id(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any, key_id: str, *arguments: Any, **named: Any) -> Any:
        return method(self, self.get_key_id(key_id), *arguments, **named)

    return mended


def _with_default(check: Callable[[str], None]) -> Callable[[str | None], None]:
    def mended(policy_name: str | None) -> None:
        check("default" if policy_name is None else policy_name)

    return mended


def _current_follows(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any, secret_id: str, version_stage: str, *arguments: Any, **named: Any) -> Any:
        answer = method(self, secret_id, version_stage, *arguments, **named)
        secret = self.secrets[secret_id]
        for version, held in secret.versions.items():
            if "AWSCURRENT" in held["version_stages"]:
                secret.set_default_version_id(version)
        return answer

    return mended


def _with_empty_description(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any, secret_id: str, *arguments: Any, **named: Any) -> Any:
        answer = method(self, secret_id, *arguments, **named)
        if named.get("description") == "":
            self.secrets[secret_id].description = ""
        return answer

    return mended


def _labelled_versions(self: Any) -> dict[str, list[str]]:
    return {
        version: held["version_stages"]
        for version, held in self.versions.items()
        if held["version_stages"]
    }


def _with_rotation(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any) -> dict[str, Any]:
        members: dict[str, Any] = method(self)
        for name in ("RotationEnabled", "RotationLambdaARN", "RotationRules", "LastRotatedDate"):
            members.pop(name, None)
        return members | rotation.shown(self)

    return mended


def _deleted_by_the_clock(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any, secret_id: str, *arguments: Any, **named: Any) -> Any:
        arn, name, date = method(self, secret_id, *arguments, **named)
        date += moto_clock.ahead()
        secret = self.secrets.get(arn)
        if secret is not None and secret.is_deleted():
            secret.deleted_date = date
        return arn, name, date

    return mended


def _scheduled_by_the_clock(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def mended(self: Any, key_id: str, *arguments: Any, **named: Any) -> Any:
        date = method(self, key_id, *arguments, **named)
        if date is None:  # the window is none that moto takes
            return None
        ahead = moto_clock.ahead()
        self.keys[self.get_key_id(key_id)].deletion_date += datetime.timedelta(seconds=ahead)
        return date + ahead

    return mended
