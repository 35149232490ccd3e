# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Relays: the options, and how the service's relays compare with them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    documents,
    secret_judgement,
    secretsmanager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    RELAY,
    RULE_SET,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Definition,
    Document,
    Resolved,
    State,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError

_PROVIDERS = re.compile(
    r"(^|\.)(google\.com|googlemail\.com|gmail\.com|mail\.protection\.outlook\.com|mx\.microsoft"
    r"|mail\.protection\.office365\.us|mail\.protection\.partner\.outlook\.cn)\.?$"
)
_ANY_SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:name"  # noqa: S105


def document(options: Mapping[str, Any]) -> Document:
    """The members that are set. Raises BadOption."""
    made: Document = {}
    if options.get("server_name") is not None:
        made["ServerName"] = given.shaped("RelayServerName", "server_name", options["server_name"])
    if options.get("server_port") is not None:
        made["ServerPort"] = given.shaped("RelayServerPort", "server_port", options["server_port"])
    if options.get("authentication") is not None:
        made["Authentication"] = _authentication(options["authentication"])
    return made


def _authentication(option: Mapping[str, Any]) -> Document:
    """The union, its secret by ARN or by name. A member that is null is not set."""
    value = {name: each for name, each in option.items() if each is not None}
    names = {
        key: each
        for key, each in value.items()
        if key in ("secret_arn", "SecretArn") and isinstance(each, str) and each[:4] != "arn:"
    }
    judged = {**value, **dict.fromkeys(names, _ANY_SECRET)}
    made: Document = given.shaped("RelayAuthentication", "authentication", judged)
    for key, name in names.items():
        if not secretsmanager.is_name(name):
            raise BadOption(
                f"authentication.{key}", f"is neither an ARN nor a secret's name: {name}"
            )
        made["SecretArn"] = name
    return made


def judged(state: State, services: Services) -> tuple[str, ...]:
    """What is worth a warning of the relay as it will be. Raises GatepostError for a secret that
    Mail Manager could not use; one that the relay has already is not read again."""
    now = state.current.document if state.current else {}
    after = {**now, **state.desired.sent}
    if "NoAuthentication" in after["Authentication"]:
        return _unsupported(after["ServerName"])
    if not state.change.differs("authentication") or state.desired.missing:
        return ()
    reference = after["Authentication"]["SecretArn"]
    judgement = secret_judgement.of(services, reference, "relay")
    if judgement is None:
        raise GatepostError(f"authentication.secret_arn: there is no secret {reference}")
    if judgement.errors:
        raise GatepostError("authentication.secret_arn: " + "; ".join(judgement.errors))
    return judgement.warnings


def _unsupported(server: str) -> tuple[str, ...]:
    if _PROVIDERS.search(server.lower()):
        return ()
    return (
        f"server_name: {server} is neither Google's nor Microsoft's. The SES developer guide, page "
        "'SMTP relay' (https://docs.aws.amazon.com/ses/latest/dg/eb-relay.html): SES currently "
        "only supports inbound (non-authenticated) SMTP relays for Google Workspaces and Microsoft "
        "Office 365",
    )


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:  # noqa: ARG001
    """With a secret's name made its ARN."""
    reference = made.get("Authentication", {}).get("SecretArn", "arn:")
    if reference.startswith("arn:"):
        return Resolved(made, made)
    arn = secretsmanager.arn_of(services["secretsmanager"], reference)
    if arn is None:
        missing = f"authentication.secret_arn: there is no secret {reference}"
        return Resolved(made, made, (missing,))
    full = {**made, "Authentication": {"SecretArn": arn}}
    return Resolved(full, full)


def users(current: Document, api: MailManager) -> list[str]:
    """The rule sets whose actions name the relay."""
    return documents.users(RELAY, current, api, (RULE_SET,))


DEFINITION = Definition(
    kind=RELAY,
    document=document,
    resolved=resolved,
    users=users,
    required={
        "ServerName": "server_name",
        "ServerPort": "server_port",
        "Authentication": "authentication",
    },
    judged=judged,
)
