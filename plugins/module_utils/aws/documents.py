# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Rule sets and traffic policies: the resources that they name, resolved, and who names a resource.

A relay and an archive are sent by id, an address list and an add-on instance by ARN, because that
is what the API asks for; all are shown by name. A kind is listed only if something of it is named.
"""

from __future__ import annotations

from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ADDON_INSTANCE,
    ADDRESS_LIST,
    PENDING_DELETION,
    RULE_SET,
    TRAFFIC_POLICY,
    Kind,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import Document, Resolved
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import (
    Reference,
    absent,
    references,
    resolve,
    respelled,
)

_BY_ARN = (ADDRESS_LIST, ADDON_INSTANCE)


def resolved(document: Document, api: MailManager) -> Resolved:
    """A document in API case, with names as it is shown, with ids and ARNs as it is sent."""
    named = references(document)
    found = {
        (each.kind, each.spelling): resolve(each.kind, each.spelling, api.listed(each.kind))
        for each in named
    }

    def name(reference: Reference) -> str:
        meant = found[reference.kind, reference.spelling]
        return meant.name if meant else reference.spelling

    def identity(reference: Reference) -> str:
        meant = found[reference.kind, reference.spelling]
        if meant is None:
            return reference.spelling
        return meant.arn if reference.kind in _BY_ARN else meant.id

    missing = []
    for each in named:
        meant = found[each.kind, each.spelling]
        if meant is None:
            missing.append(absent(each.kind, each.spelling, each.path))
        elif meant.status == PENDING_DELETION:
            missing.append(f"{each.path}: {each.kind.title} {meant.name} is {PENDING_DELETION}")
    return Resolved(respelled(document, name), respelled(document, identity), tuple(missing))


def users(
    kind: Kind,
    current: Document,
    api: MailManager,
    holders: tuple[Kind, ...] = (RULE_SET, TRAFFIC_POLICY),
) -> list[str]:
    """The rule sets and traffic policies that name a resource, of the given kinds."""
    own = (current[kind.id], current[kind.arn], current[kind.name])
    return [
        f"{holder.title} {each.name}"
        for holder in holders
        for each in api.listed(holder)
        if any(
            reference.kind == kind and reference.spelling in own
            for reference in references(api.get(holder, each.id))
        )
    ]
