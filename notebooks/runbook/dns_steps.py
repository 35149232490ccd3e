"""The prerequisite that both providers share: the name server that holds the MX records. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.dns import judgement

from .values import Reading, Step, Verdict


def steps(reading: Reading, *, domain: str, hosts: Sequence[str], moved: bool) -> list[Step]:
    """reading: of facts.Facts. hosts: what the MX is to name. moved: whether it is to name them
    already; before that, only what stands in the way is asked for."""
    servers = "DNS, prerequisite: the domain's name server"
    mx = "DNS, prerequisite: MX records"
    wanted = ", ".join(hosts) or "the gateway, whose host name is not known"
    asked = {
        servers: f"every authoritative server of {domain} answers, and all say the same",
        mx: f"name {wanted} and nothing else" if moved else f"may be moved to {wanted}",
    }
    if reading.problem:
        return [Step(one, asked[one], "not read", "unknown", reading.problem) for one in asked]
    facts: Any = reading.value
    report = judgement.judge(facts, hosts)
    told = "; ".join(f"{one.server} ({one.address}): {_mx(one)}" for one in facts.servers)
    first = Step(servers, asked[servers], told, _verdict(report.agree), reading.source)
    return [first, _moved(mx, asked[mx], report, reading, moved, hosts)]


def records(reading: Reading) -> dict[str, str]:
    """What else stands in the DNS, to be shown: nothing of it is asked for by the page."""
    facts: Any = reading.value
    if facts is None:
        return {"DNS": reading.problem}
    texts = {
        "MX at the resolver": _mx(facts.resolver),
        "SPF": facts.spf and facts.spf.text,
        f"DMARC ({facts.dmarc_at})" if facts.dmarc_at else "DMARC": facts.dmarc
        and facts.dmarc.text,
        "MTA-STS": facts.mta_sts and facts.mta_sts.text,
        "MTA-STS policy": facts.policy_error or (facts.policy and facts.policy.text),
        "TLS reporting": facts.tls_reporting and facts.tls_reporting.text,
    }
    return {name: text or "none" for name, text in texts.items()}


def changes(reading: Reading, hosts: Sequence[str]) -> dict[str, str]:
    """What is to be done in the DNS, in this order, and why."""
    facts: Any = reading.value
    if facts is None or not hosts:
        return {}
    found = judgement.judge(facts, hosts).changes
    return {f"{number}. {one.do}": one.why for number, one in enumerate(found, 1)}


def _moved(
    step: str,
    asked: str,
    report: judgement.Report,
    reading: Reading,
    moved: bool,
    hosts: Sequence[str],
) -> Step:
    facts: Any = reading.value
    now = _mx(facts.resolver)
    if not hosts:
        return Step(step, asked, now, "unknown", "the gateway's host name is not known")
    if moved:
        return Step(step, asked, now, _verdict(report.points_at_gateway), reading.source)
    first = [one.do for one in report.changes if one.blocking]
    if first:
        return Step(step, asked, f"{now}; first: {'; '.join(first)}", "failed", reading.source)
    return Step(step, asked, f"{now}; nothing stands in the way", "verified", reading.source)


def _mx(one: Any) -> str:
    named = ", ".join(f"{each.preference} {each.host}" for each in one.mx)
    return str(one.error or named or "no MX")


def _verdict(good: bool) -> Verdict:
    return "verified" if good else "failed"
