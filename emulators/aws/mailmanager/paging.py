"""Pages of a list: PageSize items a page, continued by an opaque NextToken.

A token names the operation and the last item's sequence number, so a page continues rightly when
items come and go between two requests.
"""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from emulators.aws import errors

# The documented maximum, which the model states for most lists only.
MAXIMUM = 50


class Listed(Protocol):
    """What a list may hold: `sequence` grows from one item to the next."""

    sequence: int


Item = TypeVar("Item", bound=Listed)


def page(
    operation: str,
    request: dict[str, Any],
    items: Iterable[Item],
    member: str,
    show: Callable[[Item], dict[str, Any]],
    maximum: int = MAXIMUM,
) -> dict[str, Any]:
    """The answer of a list operation. Raises ValidationException for a foreign token."""
    size = request.get("PageSize", maximum)
    if not 1 <= size <= maximum:
        raise errors.validation(f"PageSize must be between 1 and {maximum}")
    after = _read(operation, request["NextToken"]) if "NextToken" in request else 0
    left = [one for one in items if one.sequence > after]
    answer: dict[str, Any] = {member: [show(one) for one in left[:size]]}
    if len(left) > size:
        answer["NextToken"] = _write(operation, left[size - 1].sequence)
    return answer


def _write(operation: str, sequence: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([operation, sequence]).encode()).decode()


def _read(operation: str, token: str) -> int:
    try:
        name, sequence = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:  # not base64, not UTF-8, not JSON, not a pair
        name, sequence = "", None
    except TypeError:  # JSON, but nothing to take apart
        name, sequence = "", None
    if name != operation or not isinstance(sequence, int):
        raise errors.validation("NextToken is not one of this operation's")
    return sequence
