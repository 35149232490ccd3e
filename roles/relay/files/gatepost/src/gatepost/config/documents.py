"""The documents of the file, in the shapes of the Mail Manager API: normalized, their references
followed, and compiled. However a rule spells a relay, from here on it is called by its name."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from gatepost.actions.values import Archive, Mailbox
from gatepost.config.analyzers import read_analyzers
from gatepost.config.bindings import bound_relay
from gatepost.config.fields import Section, kind
from gatepost.config.references import References
from gatepost.config.sites import BOUND, bound, read_archives, read_mailboxes
from gatepost.config.values import Analyzer, Relay
from gatepost.errors import ConfigError
from gatepost.policy import documents, shapes
from gatepost.policy.admission import TrafficPolicy, compile_traffic_policy
from gatepost.policy.rules import RuleSet, compile_rule_set

T = TypeVar("T")


# Where an action names what it is aimed at, and the kind of that.
_NAMED: Final = {"Relay": ("Relay", "relay"), **BOUND}


@dataclass(slots=True)
class Documents:
    """By name, and how they are referred to. send_relay: what Send is bound to. address_lists: the
    files that they are bound to. mailboxes: by queue, as in `config.sites`."""

    traffic_policies: dict[str, TrafficPolicy] = field(default_factory=dict)
    rule_sets: dict[str, RuleSet] = field(default_factory=dict)
    relays: dict[str, Relay] = field(default_factory=dict)
    send_relay: str | None = None
    address_lists: dict[str, Path] = field(default_factory=dict)
    analyzers: dict[str, Analyzer] = field(default_factory=dict)
    archives: dict[str, Archive] = field(default_factory=dict)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    policy_references: References = field(default_factory=lambda: References("traffic policy"))
    rule_set_references: References = field(default_factory=lambda: References("rule set"))
    relay_references: References = field(default_factory=lambda: References("relay"))

    @property
    def places(self) -> Mapping[tuple[str, str], str]:
        """The path of each policy and rule set, by kind and name."""
        return {
            (references.kind, name): path
            for references in (self.policy_references, self.rule_set_references)
            for name, path in references.places.items()
        }

    def traffic_policy_named(self, section: Section, key: str) -> str:
        """The name that the reference under a key means. Raises ConfigError."""
        return _named(section, key, self.policy_references)

    def rule_set_named(self, section: Section, key: str) -> str:
        return _named(section, key, self.rule_set_references)

    def relay_named(self, section: Section, key: str) -> str:
        return _named(section, key, self.relay_references)


def read_documents(top: Section) -> Documents:
    """Raises ConfigError."""
    found = Documents()
    bindings = top.section("bindings")
    relay_bindings = bindings.section("relays")
    for path, name, document in _each(top, "relays", "Relay", found.relay_references):
        binding = relay_bindings.section(name)
        found.relays[name] = bound_relay(path, document, binding)
    _bindings(found, bindings, relay_bindings)
    for path, name, document in _each(
        top, "traffic_policies", "TrafficPolicy", found.policy_references
    ):
        found.traffic_policies[name] = _judged(top, path, compile_traffic_policy, document)
    for path, name, document in _each(top, "rule_sets", "RuleSet", found.rule_set_references):
        named = _with_names(top, path, document, found)
        found.rule_sets[name] = _judged(top, path, compile_rule_set, named)
    return found


def _each(
    top: Section, key: str, shape: str, references: References
) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Path, name and normalized document of each document under a key."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for path, value in top.entries(key, ()):
        if not isinstance(value, dict):
            raise ConfigError(str(top.file), path, f"must be a mapping, not {kind(value)}")
        document = _judged(top, path, lambda d: documents.normalize(shape, d), value)
        name = document[f"{shape}Name"]
        others = [
            value.get(spelling)
            for member in ("Id", "Arn")
            for spelling in (f"{shape}{member}", shapes.snake(f"{shape}{member}"))
        ]
        try:
            references.add(path, name, *others)
        except ValueError as error:
            raise ConfigError(str(top.file), path, str(error)) from error
        found.append((path, name, document))
    return found


def _judged(top: Section, path: str, judge: Callable[..., T], *arguments: Any) -> T:
    try:
        return judge(*arguments)
    except documents.DocumentError as error:
        where = f"{path}.{error.path}" if error.path else path
        raise ConfigError(str(top.file), where, error.reason) from error


def _with_names(
    top: Section, path: str, rule_set: Mapping[str, Any], found: Documents
) -> Mapping[str, Any]:
    """The rule set with the name of each relay, and of what is bound, in the place of its id or
    ARN. Raises ConfigError for a relay that is not there; what is not bound stays as it is spelled,
    and `check` refuses it."""
    names: dict[tuple[str, str], str] = {}
    for each in documents.references(rule_set):
        key = each.what, each.spelling
        if each.what == "relay":
            try:
                names[key] = found.relay_references.name(each.spelling)
            except ValueError as error:
                raise ConfigError(str(top.file), f"{path}.{each.path}", str(error)) from error
        else:
            names[key] = _bound(found, *key) or each.spelling
    named = copy.deepcopy(rule_set)
    for rule in named["Rules"]:
        for action in rule["Actions"]:
            for name, parameters in action.items():
                if name in _NAMED:
                    member, what = _NAMED[name]
                    parameters[member] = names[what, parameters[member]]
    return named


def _bound(found: Documents, what: str, spelling: str) -> str | None:
    if what == "archive":
        return bound(found.archives, spelling)
    names = (key.removeprefix(f"{what}:") for key in found.mailboxes if key.startswith(f"{what}:"))
    return bound(names, spelling)


def _bindings(found: Documents, bindings: Section, relays: Section) -> None:
    for name in relays.names():
        if name not in found.relays:
            try:
                found.relay_references.name(name)
            except ValueError as error:
                relays.fail(name, str(error))
            relays.fail(name, "must be the relay's name here, not its id or ARN")
    send = bindings.section("send")
    if send.has("relay"):
        found.send_relay = found.relay_named(send, "relay")
    send.take("relay", None)
    send.finish()
    lists = bindings.section("address_lists")
    for key in lists.names():
        binding = lists.section(key)
        found.address_lists[key] = binding.path_to("file")
        binding.finish()
    found.archives = read_archives(bindings)
    found.mailboxes = read_mailboxes(bindings)
    found.analyzers = read_analyzers(bindings)
    bindings.finish()


def _named(section: Section, key: str, references: References) -> str:
    spelling = section.text(key)
    try:
        return references.name(spelling)
    except ValueError as error:
        section.fail(key, str(error))
