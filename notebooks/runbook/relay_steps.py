"""The page's "Creating an SMTP relay in the SES console", judged step by step.

Pure: the state that was read in, one Step for each of the page's steps out, in the page's order and
with its numbers.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.aws.policies import Scope
from botocore.session import Session

from . import policies
from .aws import AwsState
from .values import Reading, Step, judge, show
from .wanted import Relays

SECRET_KEYS = ["password", "username"]


def inbound(state: AwsState, wanted: Relays) -> list[Step]:
    """The page's "Inbound"."""
    relay = state.inbound_relay
    identity = state.identity
    return [
        judge(
            "Inbound, note: recipient domain",
            f"{wanted.domain} is a verified identity of SES",
            identity,
            "SUCCESS",
            identity.value and identity.value.get("VerificationStatus", "NOT_STARTED"),
        ),
        _exists("Inbound, step 4: unique name", wanted.inbound, relay),
        judge(
            "Inbound 2: host name",
            wanted.inbound_host,
            relay,
            wanted.inbound_host,
            relay.value and relay.value.get("ServerName"),
        ),
        judge("Inbound 3: port", "25", relay, 25, relay.value and relay.value.get("ServerPort")),
        judge(
            "Inbound 4: authentication",
            "left blank",
            relay,
            "NoAuthentication",
            relay.value and _authentication(relay.value),
        ),
    ]


def outbound(state: AwsState, wanted: Relays) -> list[Step]:
    """The page's "Outbound"; none when no outbound relay is wanted."""
    if not wanted.outbound:
        return []
    relay, secret, key = state.outbound_relay, state.secret, state.key
    return [
        _exists("Outbound, step 4: unique name", wanted.outbound, relay),
        judge(
            "Outbound 1: host name",
            wanted.outbound_host,
            relay,
            wanted.outbound_host,
            relay.value and relay.value.get("ServerName"),
        ),
        judge(
            "Outbound 2: port",
            str(wanted.outbound_port),
            relay,
            wanted.outbound_port,
            relay.value and relay.value.get("ServerPort"),
        ),
        judge(
            "Outbound 3: authentication",
            "a secret's ARN",
            relay,
            "SecretArn",
            relay.value and _authentication(relay.value),
        ),
        _secret_keys(secret),
        judge(
            "Outbound 3.3 to 3.10: encryption key",
            "an enabled customer managed key",
            key,
            "CUSTOMER, enabled",
            key.value
            and f"{key.value['KeyManager']}, {'enabled' if key.value['Enabled'] else 'disabled'}",
        ),
        _policy(
            "Outbound 3.9: key policy",
            "Mail Manager's statement beside the account's own",
            key,
            state,
            wanted,
            policies.key_problem,
        ),
        _policy(
            "Outbound 3.13 to 3.15: resource permissions",
            "Mail Manager's statement in the secret's resource policy",
            secret,
            state,
            wanted,
            policies.secret_problem,
        ),
        *_names(state, wanted),
    ]


def path(state: AwsState, wanted: Relays) -> list[Step]:
    """The page's introduction: ingress endpoint, traffic policy, rule set, relay."""
    point, policy, rules = state.ingress_point, state.traffic_policy, state.rule_set
    return [
        *rule(state, wanted),
        judge(
            "Introduction: ingress endpoint",
            f"{wanted.ingress_point} is ACTIVE",
            point,
            "ACTIVE",
            point.value and point.value.get("Status"),
        ),
        _host_name(point),
        _uses("traffic policy", wanted.traffic_policy, point, policy, "TrafficPolicyId"),
        _uses("rule set", wanted.rule_set, point, rules, "RuleSetId"),
    ]


def rule(state: AwsState, wanted: Relays) -> list[Step]:
    """Whether a rule names each relay."""
    names = [name for name in (wanted.outbound, wanted.inbound) if name]
    return [_designated(name, state) for name in names]


def hosts(state: AwsState) -> list[str]:
    """What the MX is to name: the endpoint's ARecord, [] while there is none."""
    record = (state.ingress_point.value or {}).get("ARecord")
    return [record] if record else []


def rules_of(document: Any) -> list[dict[str, Any]]:
    """The rules of a rule set's document, [] without one."""
    return list(document.get("Rules", [])) if document else []


def designates(rule: Any, relay: Any) -> bool:
    """Whether an action of this rule relays through this relay, by its name, id or ARN."""
    spellings = {relay.get("RelayName"), relay.get("RelayId"), relay.get("RelayArn")} - {None}
    return any(
        action["Relay"].get("Relay") in spellings
        for action in rule.get("Actions", [])
        if "Relay" in action
    )


def partition_of(region: str) -> str:
    """The partition of a region, from botocore's own table."""
    partition: str = Session().get_partition_for_region(region)
    return partition


def _exists(step: str, name: str, reading: Reading) -> Step:
    asked = f"one relay named {name}"
    return judge(step, asked, reading, name, reading.value and reading.value.get("RelayName"))


def _authentication(relay: Any) -> str:
    return ", ".join(relay.get("Authentication", {})) or "nothing"


def _names(state: AwsState, wanted: Relays) -> list[Step]:
    """What the page leaves to one's choice, where the choice is known."""
    secret, steps = state.secret, []
    if wanted.key_alias:
        step, key = "Outbound 3.6: alias", state.key
        if key.problem or key.value is None:
            steps.append(judge(step, wanted.key_alias, key, "", None))
        else:
            aliases: Reading = key.value["aliases"]
            held = wanted.key_alias if wanted.key_alias in (aliases.value or ()) else aliases.value
            steps.append(judge(step, wanted.key_alias, aliases, wanted.key_alias, held))
    if wanted.secret:
        name = secret.value and secret.value["Name"]
        steps.append(
            judge("Outbound 3.12: secret name", wanted.secret, secret, wanted.secret, name)
        )
        if secret.value:
            found = "rotates" if secret.value["RotationEnabled"] else "does not rotate"
            step = "Outbound 3.16: rotation, optional"
            steps.append(Step(step, "as you choose", found, "verified", secret.source))
    return steps


def _secret_keys(secret: Reading) -> Step:
    step, asked = "Outbound 3.2: key/value pairs", "exactly username and password"
    if secret.problem or secret.value is None:
        return judge(step, asked, secret, SECRET_KEYS, None)
    keys: Reading = secret.value["keys"]
    found = None if keys.value is None else keys.value
    if not keys.problem and found is None:
        return Step(step, asked, "no JSON object", "failed", keys.source)
    return judge(step, asked, keys, SECRET_KEYS, found)


def _policy(
    step: str, asked: str, reading: Reading, state: AwsState, wanted: Relays, problem: Any
) -> Step:
    if state.account.problem and not reading.problem:
        return Step(step, asked, "not judged", "unknown", state.account.problem)
    if reading.problem or reading.value is None:
        return judge(step, asked, reading, "", None)
    scope = Scope(partition_of(wanted.region), state.account.value, wanted.region)
    lacks = problem(reading.value["policy"], scope)
    if lacks:
        return Step(step, asked, lacks, "failed", reading.source)
    return Step(step, asked, "the statement is there", "verified", reading.source)


def _host_name(point: Reading) -> Step:
    step, asked = "Introduction: the endpoint's host name", "an ARecord: what the MX record names"
    if point.problem or point.value is None:
        return judge(step, asked, point, "", None)
    record = point.value.get("ARecord")
    return Step(step, asked, record or "none", "verified" if record else "failed", point.source)


def _designated(name: str, state: AwsState) -> Step:
    relay = state.inbound_relay
    if state.outbound_relay.value and state.outbound_relay.value.get("RelayName") == name:
        relay = state.outbound_relay
    elif state.inbound_relay.value is None or state.inbound_relay.value.get("RelayName") != name:
        relay = Reading({"RelayName": name})
    step, asked = f"Introduction: {name} in a rule", "an action of the rule set names the relay"
    if state.rule_set.problem:
        return judge(step, asked, state.rule_set, True)
    rules = [
        str(rule.get("Name", f"rule {index}"))
        for index, rule in enumerate(rules_of(state.rule_set.value))
        if designates(rule, relay.value)
    ]
    if not rules:
        return Step(step, asked, "no rule names it", "failed", state.rule_set.source)
    return Step(step, asked, show(rules), "verified", state.rule_set.source)


def _uses(what: str, name: str, point: Reading, document: Reading, member: str) -> Step:
    step, asked = f"Introduction: {what}", f"the ingress endpoint uses {name}"
    for reading in (point, document):
        if reading.problem or reading.value is None:
            return judge(step, asked, reading, "", None)
    same = point.value.get(member) == document.value.get(member)
    found = name if same else f"{point.value.get(member)}, another {what}"
    return Step(step, asked, found, "verified" if same else "failed", point.source)
