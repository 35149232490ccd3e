"""The documents of the file, in the shapes of the Mail Manager API, and the bindings that tell a host
what the API has no word for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gatepost.config import addresses
from gatepost.config.fields import Section
from gatepost.config.references import References
from gatepost.config.values import Relay
from gatepost.delivery.values import Tls
from gatepost.errors import ConfigError
from gatepost.policy import shapes
from gatepost.policy.admission import TrafficPolicy, compile_traffic_policy
from gatepost.policy.rules import RuleSet, compile_rule_set

# Bindings of actions and conditions that this version does not run.
_UNSUPPORTED: Final = ("archives", "analyzers", "mailboxes", "address_lists")


@dataclass(slots=True)
class Documents:
    """By name. targets: every spelling of a relay, with its name."""

    traffic_policies: dict[str, TrafficPolicy] = field(default_factory=dict)
    rule_sets: dict[str, RuleSet] = field(default_factory=dict)
    relays: dict[str, Relay] = field(default_factory=dict)
    send_relay: str | None = None
    policy_references: References = field(default_factory=lambda: References("traffic policy"))
    rule_set_references: References = field(default_factory=lambda: References("rule set"))
    relay_references: References = field(default_factory=lambda: References("relay"))

    def traffic_policy_named(self, section: Section, key: str) -> str:
        """The name that a reference under a key means. Raises ConfigError."""
        return _named(section, key, self.policy_references)

    def rule_set_named(self, section: Section, key: str) -> str:
        return _named(section, key, self.rule_set_references)

    def relay_named(self, section: Section, key: str) -> str:
        return _named(section, key, self.relay_references)


def _named(section: Section, key: str, references: References) -> str:
    spelling = section.text(key)
    try:
        return references.name(spelling)
    except ValueError as error:
        section.fail(key, str(error))
