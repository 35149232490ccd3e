"""The page's relay, run on hosts of one's own: the daemon's file and each host, judged. Pure.

The file holds the documents of the page in the API's own shape, so the steps are the page's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .relay_host import HostsState
from .smtp_server import Seen
from .values import Reading, Step, Verdict, judge, show
from .wanted import Relays


def relay(config: Reading, wanted: Relays) -> list[Step]:
    """The page's "Inbound", from the daemon's file."""
    file: Any = config.value
    found = file and file.relays.get(wanted.inbound)
    domains = None if file is None else file.verified_domains
    return [
        _domain(config, domains, wanted.domain),
        _of("Inbound, step 4: unique name", wanted.inbound, config, found and found.name),
        _of("Inbound 2: host name", wanted.inbound_host, config, found and found.server_name),
        _of("Inbound 3: port", "25", config, found and str(found.server_port)),
        _of(
            "Inbound 4: authentication",
            "left blank",
            config,
            found and ("a secret" if found.authenticated else "left blank"),
        ),
        _encrypted(config, found),
        _designated(config, wanted),
    ]


def host(name: str, state: HostsState, *, ours: str, foreign: str) -> list[Step]:
    """One host from outside. ours: a recipient that it is to take. foreign: one that it is not."""
    seen, addresses = state.seen[name], state.addresses[name]
    greeting = seen.greeting
    return [
        _told(f"Host {name}: address", "it has one", addresses, bool(addresses.value)),
        _told(
            f"Host {name}: greeting",
            "220, and its own name",
            greeting,
            name.lower() in str(greeting.value).lower().split(),
        ),
        _told(f"Host {name}: TLS", "STARTTLS is offered", seen.tls, bool(seen.tls.value)),
        judge(
            f"Host {name}: certificate",
            f"valid for {name}",
            seen.certificate,
            "valid",
            seen.certificate.value,
        ),
        _reply(f"Host {name}: mail for the domain", f"{ours} is taken", seen, ours, "2"),
        _reply(f"Host {name}: no open relay", f"{foreign} is refused", seen, foreign, "5"),
    ]


def through(name: str, steps: Sequence[Step]) -> list[Step]:
    """The steps of a probe, of the host that it was sent to."""
    return [replace(step, step=f"{step.step}, by {name}") for step in steps]


def _domain(config: Reading, domains: Any, domain: str) -> Step:
    step, asked = "Inbound, note: recipient domain", f"verified_domains holds {domain}"
    if config.problem:
        return judge(step, asked, config, "")
    found = "any" if domains is None else show(sorted(domains))
    good = domains is not None and domain in domains
    return Step(step, asked, found, "verified" if good else "failed", config.source)


def _of(step: str, asked: str, config: Reading, found: Any) -> Step:
    return judge(step, asked, config, asked, found)


def _encrypted(config: Reading, found: Any) -> Step:
    step = "Beyond the page: TLS to the provider"
    asked = "required (encrypt or verify), as the provider requires it of a gateway"
    if config.problem or found is None:
        return judge(step, asked, config, "")
    word = str(getattr(found.tls, "value", found.tls))
    good = word in ("encrypt", "verify")
    return Step(step, asked, word, "verified" if good else "failed", config.source)


def _designated(config: Reading, wanted: Relays) -> Step:
    step = f"Introduction: {wanted.inbound} in a rule"
    asked = "an action of a rule set names the relay"
    if config.problem:
        return judge(step, asked, config, "")
    points: Any = config.value.ingress_points
    used = dict.fromkeys(point.rule_set for point in points)
    rules = [
        f"{key}: {rule.get('Name', index)}"
        for key in used
        for index, rule in enumerate(config.value.rule_sets[key].document.get("Rules", []))
        if any(_names(action, wanted.inbound) for action in rule.get("Actions", []))
    ]
    verdict: Verdict = "verified" if rules else "failed"
    return Step(step, asked, show(rules) if rules else "no rule names it", verdict, config.source)


def _names(action: Mapping[str, Any], relay: str) -> bool:
    return "Relay" in action and action["Relay"].get("Relay") == relay


def _told(step: str, asked: str, reading: Reading, good: bool) -> Step:
    if reading.problem:
        return judge(step, asked, reading, "")
    found = show(reading.value) if reading.value is not None else "none"
    return Step(step, asked, found, "verified" if good else "failed", reading.source)


def _reply(step: str, asked: str, seen: Seen, recipient: str, wanted: str) -> Step:
    replies = seen.recipients
    if replies.problem:
        return judge(step, asked, replies, "")
    found = replies.value[recipient]
    verdict: Verdict = "verified" if found.startswith(wanted) else "failed"
    if not found.startswith(("2", "5")):
        verdict = "unknown"
    return Step(step, asked, found, verdict, replies.source)
