"""Documents by kind ("Relay", "RuleSet", "TrafficPolicy", "IngressPoint"): normalized, asked what
they name, and reviewed for what is allowed but probably not meant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from gatepost.policy import schema, shapes
from gatepost.policy.plan import DELIVERING
from gatepost.policy.shapes import DocumentError

__all__ = ["DocumentError", "Reference", "normalize", "references", "warnings"]


def normalize(kind: str, document: object, path: str = "") -> dict[str, Any]:
    """The document in API case without its read-only members. Raises DocumentError."""
    made: dict[str, Any] = shapes.normalize(schema.SHAPES, kind, document, path)
    return made


class Reference(NamedTuple):
    """A thing outside the document that it names. what: "relay", "archive", "address_list",
    "analyzer", "mailbox", "bucket", "topic", "function", "application"."""

    path: str
    what: str
    spelling: str


_NAMED_BY_ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "Relay": ("Relay", "relay"),
    "Archive": ("TargetArchive", "archive"),
    "DeliverToMailbox": ("MailboxArn", "mailbox"),
    "DeliverToQBusiness": ("ApplicationId", "application"),
    "WriteToS3": ("S3Bucket", "bucket"),
    "PublishToSns": ("TopicArn", "topic"),
    "InvokeLambda": ("FunctionArn", "function"),
}


def references(document: Mapping[str, Any]) -> Iterator[Reference]:
    """What a normalized rule set or traffic policy names, in its order."""
    for number, rule in enumerate(document.get("Rules", ())):
        path = f"Rules[{number}]"
        yield from _of_conditions(f"{path}.Conditions", rule.get("Conditions", ()))
        yield from _of_conditions(f"{path}.Unless", rule.get("Unless", ()))
        for place, action in enumerate(rule["Actions"]):
            for name, parameters in action.items():
                if name in _NAMED_BY_ACTIONS:
                    member, what = _NAMED_BY_ACTIONS[name]
                    where = f"{path}.Actions[{place}].{name}.{member}"
                    yield Reference(where, what, parameters[member])
    for number, statement in enumerate(document.get("PolicyStatements", ())):
        yield from _of_conditions(f"PolicyStatements[{number}].Conditions", statement["Conditions"])


def _of_conditions(path: str, conditions: Sequence[Mapping[str, Any]]) -> Iterator[Reference]:
    for number, condition in enumerate(conditions):
        for name, expression in condition.items():
            where = f"{path}[{number}].{name}.Evaluate"
            evaluate = expression.get("Evaluate", {})
            if "Analysis" in evaluate:
                analyzer = evaluate["Analysis"]["Analyzer"]
                yield Reference(f"{where}.Analysis.Analyzer", "analyzer", analyzer)
            if "IsInAddressList" in evaluate:
                (spelling,) = evaluate["IsInAddressList"]["AddressLists"]
                yield Reference(
                    f"{where}.IsInAddressList.AddressLists[0]", "address_list", spelling
                )


def warnings(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and sentence of what a normalized rule set allows and its author may not have meant."""
    rules = document["Rules"]
    for number, rule in enumerate(rules[:-1]):
        if _always_matches(rule) and _drops(rule):
            yield (
                f"Rules[{number + 1}]",
                f"is never reached: Rules[{number}] drops everything",
            )
            break
    if not _settles_all(rules):
        yield "Rules", "mail that no rule delivers is accepted and goes nowhere"


def _settles_all(rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every message certainly meets a delivering action or a Drop. Recognized are rules
    that always match, and a rule that matches unless one of the conditions holds by which other
    rules deliver; not one on the recipient where recipients are replaced, or on a named header
    where headers are added, since what lies between may change it."""
    settling = [rule for rule in rules if _settles(rule)]
    if any(_always_matches(rule) for rule in settling):
        return True
    met = {
        json.dumps(rule["Conditions"][0], sort_keys=True)
        for rule in settling
        if len(rule.get("Conditions", ())) == 1 and not rule.get("Unless")
    }
    used = {name for rule in rules for each in rule["Actions"] for name in each}
    changing = (("ReplaceRecipient", '"RECIPIENT"'), ("AddHeader", '"MimeHeaderAttribute"'))
    unsteady = [word for action, word in changing if action in used]
    steady = {each for each in met if not any(word in each for word in unsteady)}
    return any(
        not rule.get("Conditions")
        and all(json.dumps(each, sort_keys=True) in steady for each in rule["Unless"])
        for rule in settling
    )


def _always_matches(rule: Mapping[str, Any]) -> bool:
    return not rule.get("Conditions") and not rule.get("Unless")


def _settles(rule: Mapping[str, Any]) -> bool:
    return _drops(rule) or any(name in DELIVERING for each in rule["Actions"] for name in each)


def _drops(rule: Mapping[str, Any]) -> bool:
    return any("Drop" in each for each in rule["Actions"])
