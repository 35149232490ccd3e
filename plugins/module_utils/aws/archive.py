# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives: the options, and a deletion that takes 30 days and cannot be taken back.

A deleted archive is not gone: it is PENDING_DELETION, keeps its name, and takes no change. So a
deletion is a change of `archive_state`, seen as such in the diff; an archive in that state is as
absent as it can be made; and asking for it to be present is an error that says what can be done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils import reconcile
from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    documents,
    keys,
    lifecycle,
    named,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.confirmation import read_back
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    ARCHIVE,
    PENDING_DELETION,
    RULE_SET,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Current,
    Definition,
    Document,
    Resolved,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Plan

_STATE = "archive_state"


def document(options: Mapping[str, Any]) -> Document:
    """The members that are set. Raises BadOption."""
    made: Document = {}
    if options.get("retention") is not None:
        made["Retention"] = given.shaped("ArchiveRetention", "retention", options["retention"])
    if options.get("kms_key_arn") is not None:
        made["KmsKeyArn"] = keys.reference("kms_key_arn", options["kms_key_arn"])
    return made


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    """With the key by its own ARN, however it is named."""
    if "KmsKeyArn" not in made:
        return Resolved(made, made)
    arn, missing = keys.resolved("kms_key_arn", made["KmsKeyArn"], services)
    full = {**made, "KmsKeyArn": arn}
    return Resolved(full, full, missing)


def users(current: Document, api: MailManager) -> list[str]:
    """The rule sets whose actions name the archive."""
    return documents.users(ARCHIVE, current, api, (RULE_SET,))


DEFINITION = Definition(
    kind=ARCHIVE,
    document=document,
    resolved=resolved,
    users=users,
    required={"Retention": "retention"},
    fixed=("KmsKeyArn",),
)


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan. Raises GatepostError for one that is wanted and being deleted."""
    if options["state"] == "present":
        return lifecycle.prepare(DEFINITION, options, services, refuse=_refuse_deleted)
    want = named.wanted(DEFINITION, options)
    api = MailManager(services["mailmanager"])
    current = named.find(DEFINITION, want, api)
    before = named.shown(DEFINITION, current, api, services)
    after = None if before is None else {**before, _STATE: PENDING_DELETION}
    change = reconcile.Change(before, after, {_STATE: PENDING_DELETION})
    steps: tuple[Callable[[], object], ...] = ()
    identifier = named.identifier(DEFINITION, current) if current else ""
    if change.changed:
        named.refuse_if_used(DEFINITION, want, current, api)
        steps = (lambda: api.delete(ARCHIVE, identifier),)
    foreseen = current and Current(
        {**current.document, "ArchiveState": PENDING_DELETION}, current.tags
    )

    def read() -> dict[str, Any]:
        found = read_back(DEFINITION, identifier, change, api, services)
        return named.result(DEFINITION, found, api, services)

    return Plan(
        title=named.title(DEFINITION, want, change),
        change=change,
        predicted=named.result(DEFINITION, foreseen, api, services),
        read=read,
        steps=steps,
    )


def _refuse_deleted(current: Document) -> None:
    if current["ArchiveState"] == PENDING_DELETION:
        raise GatepostError(
            f"archive {current['ArchiveName']} ({current['ArchiveId']}) is {PENDING_DELETION}: its "
            "messages are out of reach, and it can be neither changed nor restored. It goes, and "
            "its name is free, 30 days after it was deleted; until then use another name"
        )
