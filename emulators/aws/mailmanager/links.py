"""Signed links: what S3's pre-signed URLs are to the service, served by the emulator itself.

A link says what may be done (PUT a file, GET a message), with what, and until when; the signature
covers all of it, under a key of the account and region. Its host is wherever the caller reached
the emulator, so a link of a kept state stays good on another port.
"""

import datetime
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from emulators.aws.errors import ServiceError
from emulators.aws.mailmanager.context import Call
from emulators.aws.mailmanager.store import Store
from emulators.aws.scope import Scope

PREFIX = "/mailmanager-links/"
# Seconds that a link holds (ours).
_LIFETIME = 3600
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Target:
    """What a link's path points at."""

    scope: Scope
    item: str


def make(call: Call, method: str, item: str, now: float) -> str:
    """A link to do `method` with the item, good for an hour from `now`."""
    path = f"{PREFIX}{call.scope.account}/{call.scope.region}/{item}"
    date = datetime.datetime.fromtimestamp(int(now), datetime.UTC).strftime(_TIME)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(_LIFETIME),
        "X-Amz-Signature": _signature(call.store, method, path, date),
    }
    return f"{call.url}{path}?{urlencode(query)}"


def target(path: str) -> Target:
    """Read a link's path. Raises ServiceError as S3 does for a key that is not there."""
    parts = path.removeprefix(PREFIX).split("/")
    if len(parts) != 3:
        raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)
    return Target(Scope(parts[0], parts[1]), parts[2])


def check(store: Store, method: str, path: str, query: Mapping[str, str], now: float) -> None:
    """Raise ServiceError unless the link was made here, for this method, and still holds."""
    date = query.get("X-Amz-Date", "")
    signature = query.get("X-Amz-Signature", "")
    wanted = _signature(store, method, path, date)
    if not hmac.compare_digest(signature.encode(), wanted.encode()):
        raise ServiceError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            403,
        )
    made = datetime.datetime.strptime(date, _TIME).replace(tzinfo=datetime.UTC).timestamp()
    if now >= made + _LIFETIME:
        raise ServiceError("AccessDenied", "Request has expired", 403)


def _signature(store: Store, method: str, path: str, date: str) -> str:
    text = "\n".join((method, path, date, str(_LIFETIME)))
    return hmac.new(store.link_key, text.encode(), hashlib.sha256).hexdigest()
