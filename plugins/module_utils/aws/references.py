# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A name, an id or an ARN, and what it means. Pure: judged by a listing that was read before."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import Kind, Named
from ansible_collections.gatepost.mail.plugins.module_utils.errors import Ambiguous


def resolve(kind: Kind, reference: str, listed: Iterable[Named]) -> Named | None:
    """What the reference means, None if nothing. Raises Ambiguous.

    An id wins over a name that is spelled like it.
    """
    listed = list(listed)
    wanted = reference.rpartition("/")[2] if reference.startswith("arn:") else reference
    for each in listed:
        if each.id == wanted:
            return each
    if reference.startswith("arn:"):
        return None
    found = [each for each in listed if each.name == reference]
    if len(found) > 1:
        raise Ambiguous(kind.title, reference, [each.id for each in found])
    return found[0] if found else None


def name_of(reference: str, kind: Kind, listed: Iterable[Named]) -> str:
    """The name that stands for a reference in diffs; the reference itself if it means nothing."""
    found = resolve(kind, reference, listed)
    return found.name if found else reference


def absent(kind: Kind, reference: str, where: str) -> str:
    """How to say that a reference means nothing."""
    return f"{where}: there is no {kind.title} {reference}"
