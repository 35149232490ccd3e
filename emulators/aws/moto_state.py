"""moto's in-memory services: reached, reset, saved and restored in this one place.

moto keeps its state in module globals, so a process holds one emulated AWS. To save it, the backend
objects are pickled as they are, together (they refer to each other), beside moto's version: another
version's objects are refused, not guessed at.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import moto
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from moto.backends import get_backend
from moto.core.utils import unix_time
from moto.moto_api._internal import moto_api_backend
from moto.s3.models import s3_backends
from moto.secretsmanager.models import FakeSecret

from emulators.aws import rotation
from emulators.aws.scope import Scope

# sesv2's backends refer to ses's: one pickle keeps them one object.
SERVICES = ("iam", "kms", "route53", "s3", "secretsmanager", "ses", "sesv2", "sns", "sts")

_FORMAT = ("gatepost emulators", 2, moto.__version__)


class _Pickler(pickle.Pickler):
    """Keys of the cryptography library cannot be pickled: they go as PEM."""

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            return NotImplemented
        pem = value.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return _from_pem, (pem,)


def _from_pem(pem: bytes) -> Any:
    # Our own file: the check of an RSA key takes longer than everything else.
    return serialization.load_pem_private_key(
        pem, password=None, unsafe_skip_rsa_key_validation=True
    )


def kms(scope: Scope) -> Any:
    return get_backend("kms")[scope.account][scope.region]


def key(scope: Scope, key_id: str | None) -> Any:
    """A key of the account and region by id, ARN or alias; None when there is none."""
    if not isinstance(key_id, str) or not key_id:
        return None
    parts = key_id.split(":")
    if len(parts) > 4 and (parts[3], parts[4]) != (scope.region, scope.account):
        return None
    backend = kms(scope)
    name = backend.get_alias_name(key_id)
    if name.startswith("alias/"):
        name = backend.get_key_id_from_alias(name) or ""
    return backend.keys.get(backend.get_key_id(name))


def secretsmanager(scope: Scope) -> Any:
    return get_backend("secretsmanager")[scope.account][scope.region]


def route53_zone(scope: Scope, identifier: str) -> Any:
    """A hosted zone, private ones too; None when there is none."""
    return get_backend("route53")[scope.account][scope.partition].zones.get(identifier)


def has_configuration_set(scope: Scope, name: str) -> bool:
    """Whether SES has a configuration set of this name."""
    return name in get_backend("ses")[scope.account][scope.region].config_sets


def put_objects(scope: Scope, bucket: str, objects: dict[str, bytes]) -> bool:
    """Write to a bucket of the account. False when there is no such bucket."""
    backend = get_backend("s3")[scope.account][scope.partition]
    if bucket not in backend.buckets:
        return False
    for name, content in objects.items():
        backend.put_object(bucket, name, content)
    return True


def route53_zones(scope: Scope) -> list[Any]:
    """The public hosted zones of the account."""
    backend = get_backend("route53")[scope.account][scope.partition]
    return [zone for zone in backend.zones.values() if not zone.private_zone]


def settle(now: float) -> None:
    """Let time pass for secrets and keys: rotations, and deletions that are due."""
    for backend in _everywhere("secretsmanager"):
        for secret in list(backend.secrets.values()):
            if secret.is_deleted() and now >= secret.deleted_date:
                backend.secrets.pop(secret.arn)
            elif isinstance(secret, FakeSecret):
                rotation.settle(secret, now)
    for backend in _everywhere("kms"):
        for key in list(backend.keys.values()):
            if key.deletion_date and now >= unix_time(key.deletion_date):
                backend.delete_key(key.id)


def _everywhere(service: str) -> list[Any]:
    """The backends of every account and region, as of now: other threads may add some."""
    accounts = list(get_backend(service).values())
    return [backend for regions in accounts for backend in list(regions.values())]


def reset() -> None:
    """Forget everything that moto holds."""
    moto_api_backend.reset()
    rotation.reset()
    s3_backends.bucket_accounts.clear()


def save(path: Path, extra: Any) -> None:
    """Write moto's state and `extra` (any value of plain data and dataclasses) in one step."""
    backends = {
        service: {
            account: dict(regions.items()) for account, regions in get_backend(service).items()
        }
        for service in SERVICES
    }
    document = {
        "format": _FORMAT,
        "backends": backends,
        "buckets": dict(s3_backends.bucket_accounts),
        "extra": extra,
    }
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    content = io.BytesIO()
    _Pickler(content).dump(document)
    fresh.write_bytes(content.getvalue())
    fresh.replace(path)


def load(path: Path) -> Any:
    """Restore what `save` wrote and return its `extra`. Raises ValueError for a foreign file."""
    try:
        # The file is this program's own, in a directory that the user named.
        document = pickle.loads(path.read_bytes())
    except (pickle.UnpicklingError, AttributeError, ImportError, EOFError, IndexError) as error:
        raise ValueError(f"{path}: not a state of this version: {error}") from error
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        raise ValueError(f"{path}: written by another version; remove it to start anew")
    reset()
    for service, accounts in document["backends"].items():
        for account, regions in accounts.items():
            for region, backend in regions.items():
                get_backend(service)[account][region] = backend
    s3_backends.bucket_accounts.update(document["buckets"])
    return document["extra"]
