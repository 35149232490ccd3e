"""What moto refuses or fails at although the services take it, mended on its public classes.

- KMS operations on a key's state take an ARN as well as an id; moto's look up the id alone.
- KMS GetKeyPolicy and PutKeyPolicy default PolicyName to `default`; moto's ask for it.
"""

import functools
from collections.abc import Callable
from typing import Any

from moto.kms import responses
from moto.kms.models import KmsBackend

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
