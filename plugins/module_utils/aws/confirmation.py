# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was written, read back until it is seen: reads and listings may lag behind a write.

A task ends when the next one will see what it did: what it created or renamed is found by its name,
what it deleted is found no more, and what it changed reads as it was written.
"""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.gatepost.mail.plugins.module_utils.aws import named
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import MailManager
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import SETTLING, until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import TimedOut
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Change


def read_back(
    definition: named.Definition,
    identifier: str,
    change: Change,
    api: MailManager,
    services: Services,
    *,
    unseen: Collection[str] = (),
) -> named.Current | None:
    """The resource as it is seen after a change; None after a deletion.

    unseen: members that do not read as they were written. Raises TimedOut for what is not seen at
    all. What reads otherwise to the end is returned as it reads: the service spells it so.
    """
    kind = definition.kind
    what = f"{kind.title} {identifier}"
    if change.deletes:
        until(
            f"{what}: gone from the listing",
            lambda: _listed_name(definition, identifier, api),
            lambda found: found is None,
            SETTLING,
        )
        return None
    if change.creates or change.differs("name"):
        until(
            f"{what}: seen in the listing",
            lambda: _listed_name(definition, identifier, api),
            lambda found: found == change.members["name"],
            SETTLING,
        )
    expected = {name: each for name, each in change.members.items() if name not in unseen}

    def is_seen(found: named.Current | None) -> bool:
        if found is None:
            return False
        members = named.shown(definition, found, api, services) or {}
        return all(members.get(name) == each for name, each in expected.items())

    try:
        return until(
            f"{what}: seen as it was written",
            lambda: named.read(definition, identifier, api),
            is_seen,
            SETTLING,
        )
    except TimedOut:
        found = named.read(definition, identifier, api)
        if found is None:
            raise
        return found


def _listed_name(definition: named.Definition, identifier: str, api: MailManager) -> str | None:
    fresh = MailManager(api.service).listed(definition.kind)
    return next((each.name for each in fresh if each.id == identifier), None)
