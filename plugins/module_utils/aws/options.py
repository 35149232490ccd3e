# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options into the API's values, judged by the API's own shapes. Pure; nothing was called yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils._quotas import excesses
from ansible_collections.gatepost.mail.plugins.module_utils._schema import SHAPES
from ansible_collections.gatepost.mail.plugins.module_utils._shapes import (
    DocumentError,
    normalize,
    to_snake,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption


def shaped(shape: str, option: str, value: object) -> Any:
    """A value in API case. Raises BadOption naming the place within the option."""
    try:
        return normalize(SHAPES, shape, value, option)
    except DocumentError as error:
        raise BadOption(error.path or option, error.reason) from error


def member(structure: str, name: str) -> str:
    """The shape of a structure's member."""
    members: Mapping[str, str] = SHAPES[structure]["members"]
    return members[name]


def takes(structure: str, name: str) -> bool:
    """Whether a structure has such a member."""
    return name in SHAPES[structure]["members"]


def within_quotas(kind: str, document: Mapping[str, Any]) -> None:
    """Raises BadOption for the first excess of what the service allows."""
    for path, reason in excesses(kind, document):
        raise BadOption(path, reason)


def snaked(shape: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """A request or a response as a module shows it."""
    shown: dict[str, Any] = to_snake(SHAPES, shape, document)
    return shown


def tags(option: Mapping[str, object] | None) -> dict[str, str] | None:
    """The option `tags` as the services take it: numbers and booleans as text."""
    if option is None:
        return None
    return {str(key): "" if value is None else str(value) for key, value in option.items()}


def valid_tags(option: Mapping[str, object] | None) -> dict[str, str] | None:
    """The same for services whose shapes are not at hand; AWS has one rule for most of them.

    Raises BadOption.
    """
    found = tags(option)
    for key, value in (found or {}).items():
        if not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            reason = "must have 1 to 128 characters and not begin with aws:"
            raise BadOption("tags", f"the key {key!r} {reason}")
        if len(value) > 256:
            raise BadOption(f"tags.{key}", "must have at most 256 characters")
    return found
