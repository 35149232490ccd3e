# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one retry layer: what is tried again, and when.

A call is tried again when the service says that it came too fast or that it failed itself. botocore
retries nothing beneath (see client.py), so that a number of attempts means what it says. The waits
are full jitter: a random part of 1, 2, 4 … seconds, up to 20. A request is built once, before the
first attempt, so that all attempts carry the same ClientToken.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

try:  # noqa: SIM105
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectTimeoutError,
        EndpointConnectionError,
    )
except ImportError:  # AnsibleAWSModule reports it
    pass

from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, ServiceError

T = TypeVar("T")

ATTEMPTS = 9
FIRST_WAIT = 1.0
LONGEST_WAIT = 20.0

# amazon.aws' own list knows `Throttling` and not `ThrottlingException`.
THROTTLED = frozenset(
    {
        "RequestLimitExceeded",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "PriorRequestNotComplete",
        "429",
    }
)
FAILED = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "KMSInternalException",
        "DependencyTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    }
)
ABSENT = frozenset(
    {
        "NoSuchHostedZone",
        "NotFoundException",
        "ResourceNotFoundException",
    }
)


def retried(
    operation: str,
    call: Callable[[], T],
    *,
    repeatable: bool = True,
    sleep: Callable[[float], object] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> T:
    """Call, again if need be. Raises NotFound or ServiceError, never what botocore raises.

    operation: its name, for errors. repeatable: whether a call that failed may be made again though
    it may have been carried out. jitter: a number from 0 to 1.
    """
    longest = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return call()
        except ClientError as error:
            again = is_passing(error.response) if repeatable else is_throttled(error.response)
            if attempt == ATTEMPTS or not again:
                raise _typed(operation, error.response) from error
        except (EndpointConnectionError, ConnectTimeoutError) as error:
            # The request was never sent; after other failures it may have been carried out.
            if attempt == ATTEMPTS:
                raise ServiceError(operation, type(error).__name__, str(error)) from error
        except BotoCoreError as error:
            raise ServiceError(operation, type(error).__name__, str(error)) from error
        sleep(longest * jitter())
        longest = min(2 * longest, LONGEST_WAIT)
    raise AssertionError("the last attempt returns or raises")


def is_passing(response: object) -> bool:
    """Whether the same request may succeed a little later. response: a ClientError's."""
    code, status, _message = _read(response)
    return is_throttled(response) or code in FAILED or status >= 500


def is_throttled(response: object) -> bool:
    """Whether the request was not even looked at, because it came too fast."""
    code, status, _message = _read(response)
    return code in THROTTLED or status == 429


def _typed(operation: str, response: object) -> ServiceError:
    code, _status, message = _read(response)
    return (NotFound if code in ABSENT else ServiceError)(operation, code, message)


def _read(response: object) -> tuple[str, int, str]:
    fields = response if isinstance(response, dict) else {}
    error = fields.get("Error", {})
    status = fields.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return str(error.get("Code", "Unknown")), int(status), str(error.get("Message", ""))
