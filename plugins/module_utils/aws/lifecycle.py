# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A resource of Mail Manager from nothing to nothing again: what one run of its module does.

For kinds that are there as soon as they are created, and gone as soon as they are deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import named
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.confirmation import read_back
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import MailManager
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan


def prepare(
    definition: named.Definition,
    options: Mapping[str, Any],
    services: Services,
    refuse: Callable[[named.Document], object] = lambda _current: None,
) -> Plan:
    """From options to a plan, for a kind that is there as soon as it is created.

    refuse: raises GatepostError for a current state that nothing can be made of.
    """
    want = named.wanted(definition, options)
    api = MailManager(services["mailmanager"])
    current = named.find(definition, want, api)
    if current is not None:
        refuse(current.document)
    state = named.compare(definition, want, current, api, services)
    warnings = definition.judged(state, services) if want.present else ()
    made: list[str] = [named.identifier(definition, current)] if current else []
    steps: list[Callable[[], object]] = []
    if state.change.deletes:
        named.refuse_if_used(definition, want, current, api)
        steps.append(lambda: api.delete(definition.kind, made[0]))
    elif state.change.creates:
        steps.append(
            lambda: made.append(api.create(definition.kind, named.creation(definition, state)))
        )
    else:
        members = named.update(definition, state)
        if members:
            steps.append(lambda: api.update(definition.kind, made[0], members))
        steps += named.tagging(definition, state, api)

    def read() -> dict[str, Any]:
        found = read_back(definition, made[0], state.change, api, services)
        return named.result(definition, found, api, services)

    return Plan(
        title=named.title(definition, want, state.change),
        change=state.change,
        predicted=named.predicted(definition, state),
        read=read,
        steps=tuple(steps),
        missing=state.desired.missing,
        warnings=warnings,
    )
