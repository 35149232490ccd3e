# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ingress points: options, what is fixed at creation, and credentials that cannot be read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws import (
    ingress_states,
    keys,
    named,
    secret_judgement,
    secretsmanager,
    trust_store,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.aws.confirmation import read_back
from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    RULE_SET,
    TRAFFIC_POLICY,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import (
    Current,
    Definition,
    Document,
    Resolved,
    State,
    Wanted,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.references import absent, resolve
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    BadOption,
    GatepostError,
    Unchangeable,
)
from ansible_collections.gatepost.mail.plugins.module_utils.reconcile import Change, Plan

# Option, member, shape. References are resolved to ids later.
_PLAIN = (
    ("type", "Type", "IngressPointType"),
    ("tls_policy", "TlsPolicy", "TlsPolicy"),
    ("network_configuration", "NetworkConfiguration", "NetworkConfiguration"),
    ("status", "Status", "IngressPointStatusToUpdate"),
)
_REFERENCES = (
    ("rule_set", "RuleSetId", RULE_SET),
    ("traffic_policy", "TrafficPolicyId", TRAFFIC_POLICY),
)
_CREDENTIALS = {
    "OPEN": (),
    "AUTH": ("smtp_password", "secret_arn"),
    "MTLS": ("trust_store",),
}
_SHOWN_PASSWORD = "(set)"  # noqa: S105
_NEW_PASSWORD = "(new)"  # noqa: S105


def document(options: Mapping[str, Any]) -> Document:
    """The members that are set; references as they are given. Raises BadOption."""
    made: Document = {
        member: given.shaped(shape, option, options[option])
        for option, member, shape in _PLAIN
        if options.get(option) is not None
    }
    for option, member, kind in _REFERENCES:
        if options.get(option) is not None:
            if not options[option]:
                raise BadOption(option, f"names no {kind.title}")
            made[member] = str(options[option])
    configuration = _configuration(options)
    if configuration:
        made["IngressPointConfiguration"] = configuration
    if "Type" in made:
        check_credentials(made["Type"], options)
        # An AUTH ingress point may be private already, which is not known yet.
        if made["Type"] == "MTLS" or "NetworkConfiguration" in made:
            check_tls_policy(made, made["Type"])
    return made


def check_credentials(kind: str, options: Mapping[str, Any]) -> None:
    """Raises BadOption for credentials that this type of ingress point does not take."""
    allowed = _CREDENTIALS[kind]
    for option in ("smtp_password", "secret_arn", "trust_store"):
        if options.get(option) is not None and option not in allowed:
            takes = f"it takes {' or '.join(allowed)}" if allowed else "it takes no credentials"
            raise BadOption(option, f"is not for an ingress point of type {kind}; {takes}")


def check_tls_policy(made: Document, kind: str) -> None:
    """Documented: OPTIONAL is for OPEN ingress points and private AUTH ones alone."""
    private = "PrivateNetworkConfiguration" in made.get("NetworkConfiguration", {})
    if made.get("TlsPolicy") != "OPTIONAL" or kind == "OPEN" or (kind == "AUTH" and private):
        return
    raise BadOption("tls_policy", f"OPTIONAL is not for a public ingress point of type {kind}")


def _configuration(options: Mapping[str, Any]) -> Document:
    given_ones = [
        name for name in ("smtp_password", "secret_arn", "trust_store") if options.get(name)
    ]
    if len(given_ones) > 1:
        raise BadOption(given_ones[1], f"cannot stand beside {given_ones[0]}")
    if options.get("smtp_password") is not None:
        password = given.shaped("SmtpPassword", "smtp_password", options["smtp_password"])
        return {"SmtpPassword": password}
    if options.get("secret_arn") is not None:
        reference = options["secret_arn"]
        if reference.startswith("arn:"):
            return {"SecretArn": given.shaped("SecretArn", "secret_arn", reference)}
        if not secretsmanager.is_name(reference):
            raise BadOption("secret_arn", f"is neither an ARN nor a secret's name: {reference}")
        return {"SecretArn": reference}
    if options.get("trust_store") is not None:
        return {"TlsAuthConfiguration": {"TrustStore": _trust_store(options["trust_store"])}}
    return {}


def _trust_store(option: Mapping[str, Any]) -> Document:
    given_ones = {name: each for name, each in option.items() if each is not None}
    key = given_ones.pop("kms_key_arn", None)
    store: Document = given.shaped("TrustStore", "trust_store", given_ones)
    trust_store.check(store)
    if key is not None:
        store["KmsKeyArn"] = keys.reference("trust_store.kms_key_arn", key)
    return store


def resolved(made: Document, api: MailManager, services: Services) -> Resolved:
    """References by name as shown, by id as sent; credentials without their values as shown."""
    shown: Document = {name: made[name] for _o, name, _s in _PLAIN if name in made}
    sent: Document = {name: value for name, value in shown.items() if name != "Status"}
    missing: list[str] = []
    if "Status" in made:
        sent["StatusToUpdate"] = made["Status"]
    if "ARecord" in made:
        shown["ARecord"] = made["ARecord"]
    for option, member, kind in _REFERENCES:
        if member in made:
            found = resolve(kind, made[member], api.listed(kind))
            shown[kind.shape] = found.name if found else made[member]
            sent[member] = found.id if found else made[member]
            if found is None:
                missing.append(absent(kind, made[member], option))
    configuration, absentees = _resolved_credentials(
        made.get("IngressPointConfiguration", {}), services
    )
    missing += absentees
    if configuration:
        sent["IngressPointConfiguration"] = configuration
        shown["Authentication"] = credentials(configuration)
    elif "IngressPointAuthConfiguration" in made:
        shown["Authentication"] = credentials(made["IngressPointAuthConfiguration"])
    return Resolved(shown, sent, tuple(missing))


def _resolved_credentials(made: Document, services: Services) -> tuple[Document, list[str]]:
    """With the ARNs of a secret and a key that are named otherwise, and what is missing."""
    reference = made.get("SecretArn", "arn:")
    if not reference.startswith("arn:"):
        arn = secretsmanager.arn_of(services["secretsmanager"], reference)
        missing = [] if arn else [f"secret_arn: there is no secret {reference}"]
        return {"SecretArn": arn or reference}, missing
    store = made.get("TlsAuthConfiguration", {}).get("TrustStore", {})
    if "KmsKeyArn" in store:
        arn, absentees = keys.resolved("trust_store.kms_key_arn", store["KmsKeyArn"], services)
        full = {"TlsAuthConfiguration": {"TrustStore": {**store, "KmsKeyArn": arn}}}
        return full, list(absentees)
    return made, []


def credentials(configuration: Document) -> Document:
    """What stands in a diff for credentials, written or read: no value; prints of certificates."""
    if "SecretArn" in configuration:
        return {"secret_arn": configuration["SecretArn"]}
    if "TlsAuthConfiguration" in configuration:
        store = configuration["TlsAuthConfiguration"].get("TrustStore", {})
        return {"trust_store": trust_store.shown(store)}
    return {"smtp_password": _SHOWN_PASSWORD}


def judged(state: State, services: Services) -> tuple[str, ...]:
    """Raises GatepostError for a secret that Mail Manager could not use; one that the ingress point
    has already is not read again."""
    configuration = state.desired.sent.get("IngressPointConfiguration", {})
    if "SecretArn" not in configuration or not state.change.differs("authentication"):
        return ()
    if state.desired.missing:
        return ()
    reference = configuration["SecretArn"]
    judgement = secret_judgement.of(services, reference, "ingress_point")
    if judgement is None:
        raise GatepostError(f"secret_arn: there is no secret {reference}")
    if judgement.errors:
        raise GatepostError("secret_arn: " + "; ".join(judgement.errors))
    return judgement.warnings


DEFINITION = Definition(
    kind=INGRESS_POINT,
    document=document,
    resolved=resolved,
    users=lambda _current, _api: [],
    required={"Type": "type", "RuleSetId": "rule_set", "TrafficPolicyId": "traffic_policy"},
    fixed=("Type", "NetworkConfiguration"),
    keys={
        "RuleSetId": "rule_set",
        "TrafficPolicyId": "traffic_policy",
        "StatusToUpdate": "status",
        "IngressPointConfiguration": "authentication",
    },
    read={"IncludeTrustStoreContents": "INCLUDE"},
    judged=judged,
)


def prepare(options: Mapping[str, Any], services: Services) -> Plan:
    """From options to a plan that ends when the ingress point is as it should be, and stays so."""
    want = named.wanted(DEFINITION, options)
    api = MailManager(services["mailmanager"])
    current = _settled(named.find(DEFINITION, want, api), want, api)
    if want.present:
        _refuse(want, current)
    state = named.compare(DEFINITION, want, current, api, services)
    rewrite = options["update_password"] == "always"  # noqa: S105
    if rewrite and options.get("smtp_password") is not None:
        state = _with_new_password(state)
    made = [named.identifier(DEFINITION, current)] if current else []
    warnings = judged(state, services) if want.present else ()
    steps = _steps(state, made, api, services)

    def read() -> dict[str, Any]:
        found = _read_back(state, made[0], api, services)
        return named.result(DEFINITION, found, api, services)

    return Plan(
        title=named.title(DEFINITION, want, state.change),
        change=state.change,
        predicted=_predicted(state),
        read=read,
        steps=tuple(steps),
        missing=state.desired.missing,
        warnings=warnings,
    )


def _refuse(want: Wanted, current: Current | None) -> None:
    """Raises for what the service would refuse, and for what only a person can mend."""
    if current is None:
        check_tls_policy(want.document, want.document.get("Type", "OPEN"))
        return
    kind, status = current.document["Type"], current.document["Status"]
    if status in ingress_states.BROKEN:
        raise GatepostError(
            f"ingress point {current.document['IngressPointName']} is {status}, which does not "
            "mend itself: delete it with state=absent, then create it again"
        )
    if "Type" not in want.document:
        check_credentials(kind, want.options)
    if want.document.get("Type", kind) == kind:
        check_tls_policy({**current.document, **want.document}, kind)
    before, after = current.document["TlsPolicy"], want.document.get("TlsPolicy")
    if after not in (None, before) and "FIPS" in (before, after):
        name = f"ingress point {current.document['IngressPointName']}"
        raise Unchangeable(name, "tls_policy", before, after)


def _with_new_password(state: State) -> State:
    """As it is compared when the password is written whatever the service holds."""
    if not state.change.before or not state.change.after:
        return state
    new = {"authentication": {"smtp_password": _NEW_PASSWORD}}
    after, members = {**state.change.after, **new}, {**state.change.members, **new}
    return dataclasses.replace(state, change=Change(state.change.before, after, members))


def _read_back(
    state: State, identifier: str, api: MailManager, services: Services, *also: str
) -> Current | None:
    """As it is seen; states that pass are waited for elsewhere, a password is not seen at all.

    also: members that were not written yet.
    """
    unseen = ["status", *also]
    if "SmtpPassword" in state.desired.sent.get("IngressPointConfiguration", {}):
        unseen.append("authentication")
    return read_back(DEFINITION, identifier, state.change, api, services, unseen=unseen)


def _steps(
    state: State, made: list[str], api: MailManager, services: Services
) -> list[Callable[[], object]]:
    if state.change.deletes:
        return [
            lambda: api.delete(INGRESS_POINT, made[0]),
            lambda: ingress_states.gone(made[0], state.want, api),
        ]
    status = state.desired.sent.get("StatusToUpdate")
    if state.change.creates:
        request = named.creation(DEFINITION, state)
        request.pop("StatusToUpdate", None)
        steps: list[Callable[[], object]] = [
            lambda: made.append(api.create(INGRESS_POINT, request)),
            lambda: ingress_states.reached(made[0], "ACTIVE", state.want, api),
        ]
        if status == "CLOSED":
            closed = {"StatusToUpdate": "CLOSED"}
            steps.append(lambda: api.update(INGRESS_POINT, made[0], closed))
            steps.append(lambda: ingress_states.reached(made[0], "CLOSED", state.want, api))
        return steps
    members = named.update(DEFINITION, state)
    steps = []
    if members:
        before = state.current.document["Status"] if state.current else "ACTIVE"
        steps.append(lambda: api.update(INGRESS_POINT, made[0], members))
        # A read that does not show the change yet shows the state before it, too.
        steps.append(lambda: _read_back(state, made[0], api, services, "tags"))
        steps.append(lambda: ingress_states.reached(made[0], status or before, state.want, api))
    return steps + named.tagging(DEFINITION, state, api)


def _predicted(state: State) -> dict[str, Any]:
    made = named.predicted(DEFINITION, state)
    if made["document"] is None:
        return made
    written = made["document"].pop("IngressPointConfiguration", None)
    status = made["document"].pop("StatusToUpdate", None)
    if written is not None and "SmtpPassword" not in written:
        made["document"]["IngressPointAuthConfiguration"] = written
    if status is not None:
        made["document"]["Status"] = status
    return made


def _settled(current: Current | None, want: Wanted, api: MailManager) -> Current | None:
    """The current state once nothing passes any more; None for one that is gone."""
    if current is None:
        return None
    identifier, before = named.identifier(DEFINITION, current), current.document["Status"]
    if ingress_states.settle(current.document, want, api) != before:
        current = named.read(DEFINITION, identifier, api)
    if current is not None:
        # Documented: without a configuration the network is public, IPv4 only.
        current.document.setdefault(
            "NetworkConfiguration", {"PublicNetworkConfiguration": {"IpType": "IPV4"}}
        )
    return current
