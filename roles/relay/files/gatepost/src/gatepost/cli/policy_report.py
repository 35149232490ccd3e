"""What `gatepost policy test` found, for programs and for people. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gatepost.cli.differences import Comparison, Difference, RuleChange
from gatepost.cli.expectation import Verdict, described
from gatepost.cli.explanation import lines_of, recipient_as_json, undecided
from gatepost.cli.tables import clean, table
from gatepost.policy.values import RuleTrace


@dataclass(frozen=True, slots=True)
class Report:
    """compared: None where no samples were compared."""

    verdicts: tuple[Verdict, ...]
    compared: tuple[Comparison, ...] | None

    @property
    def failed(self) -> int:
        return sum(not each.passed for each in self.verdicts)

    @property
    def differing(self) -> tuple[Comparison, ...]:
        return tuple(each for each in self.compared or () if each.differences)

    @property
    def undecided(self) -> tuple[Comparison, ...]:
        return tuple(each for each in self.compared or () if each.lacks)

    @property
    def assumptions(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(each for v in self.verdicts for each in v.explanation.assumptions)
        )


def as_json(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = {
        "passed": len(report.verdicts) - report.failed,
        "failed": report.failed,
        "cases": [_case(each) for each in report.verdicts],
        "assumptions": list(report.assumptions),
    }
    if report.compared is not None:
        made["samples"] = len(report.compared)
        made["different"] = len(report.differing)
        made["undecided"] = {each.sample: list(each.lacks) for each in report.undecided}
        made["differences"] = [
            {"sample": each.sample, **_difference(one)}
            for each in report.differing
            for one in each.differences
        ]
    return made


def _case(verdict: Verdict) -> dict[str, Any]:
    pairs = zip(verdict.explanation.decisions, verdict.problems, strict=True)
    return {
        "file": verdict.case.file,
        "case": verdict.case.name,
        "passed": verdict.passed,
        "recipients": [
            {**recipient_as_json(decision), "problems": list(problems)}
            for decision, problems in pairs
        ],
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "recipient": found.recipient,
        "old": recipient_as_json(found.old),
        "new": recipient_as_json(found.new),
        "rules": [
            {"rule": each.name, "old": _traces(each.old), "new": _traces(each.new)}
            for each in found.rules
        ],
    }


def _traces(traces: Sequence[RuleTrace] | None) -> list[dict[str, Any]] | None:
    return None if traces is None else [dataclasses.asdict(each) for each in traces]


def as_text(report: Report) -> str:
    return "\n".join([*_cases(report), *_samples(report)]).rstrip()


def _cases(report: Report) -> Iterator[str]:
    if not report.verdicts:
        return
    rows = [
        (
            "ok" if not problems else "FAILED",
            verdict.case.name,
            decision.plan.recipient,
            _end(decision),
        )
        for verdict in report.verdicts
        for decision, problems in zip(verdict.explanation.decisions, verdict.problems, strict=True)
    ]
    yield table(("", "CASE", "RECIPIENT", "ENDS WITH"), rows, frozenset())
    yield ""
    for verdict in report.verdicts:
        if not verdict.passed:
            yield from _failure(verdict)
            yield ""
    count = len(report.verdicts)
    yield f"{count} cases: {count - report.failed} passed, {report.failed} failed"
    yield ""


def _end(decision: Any) -> str:
    if lacks := undecided(decision):
        return f"undecided: {', '.join(lacks)}"
    if not decision.admission.admitted:
        return f"refused by {decision.admission.by}"
    return str(decision.plan.final)


def _failure(verdict: Verdict) -> Iterator[str]:
    yield clean(f"FAILED {verdict.case.name} ({verdict.case.file})")
    for decision, problems in zip(verdict.explanation.decisions, verdict.problems, strict=True):
        if problems:
            yield from (clean(f"  {each}") for each in problems)
            yield from (f"    {line}" for line in lines_of(decision))


def _samples(report: Report) -> Iterator[str]:
    if report.compared is None:
        return
    for each in report.differing:
        for found in each.differences:
            yield clean(f"DIFFERENT {each.sample} for {found.recipient}")
            yield from (clean(f"  {line}") for line in _changes(found))
            yield ""
    for each in report.undecided:
        yield clean(f"UNDECIDED {each.sample}, not supplied: {', '.join(each.lacks)}")
    if report.undecided:
        yield ""
    recipients = sum(each.recipients for each in report.compared)
    yield (
        f"{len(report.differing)} of {len(report.compared)} samples would be treated differently"
        f" ({recipients} recipients compared)"
    )


def _changes(found: Difference) -> Iterator[str]:
    for change in found.rules:
        yield f"rule {change.name}: {_judged(change, 'old')} -> {_judged(change, 'new')}"
    before, after = _treated(found.old), _treated(found.new)
    yield from (f"- {line}" for line in before if line not in after)
    yield from (f"+ {line}" for line in after if line not in before)
    if sorted(before) == sorted(after):
        yield "the same in another order"


def _judged(change: RuleChange, version: str) -> str:
    traces: tuple[RuleTrace, ...] | None = getattr(change, version)
    if traces is None:
        return "not there"
    if not traces:
        return "not reached"
    words = {True: "matches", False: "no", None: "unknown"}
    told = [words[each.matched] + (f" ({each.by})" if each.by else "") for each in traces]
    if len({each.recipient for each in traces}) > 1:
        told = [f"{word} for {each.recipient}" for word, each in zip(told, traces, strict=True)]
    return ", ".join(dict.fromkeys(told))


def _treated(decision: Any) -> list[str]:
    if decision.admission.admitted is False:
        return [f"refused by {decision.admission.by}"]
    lacks = undecided(decision)
    return [
        *map(described, decision.plan.effects),
        *([f"undecided, not supplied: {', '.join(lacks)}"] if lacks else []),
        f"ends with {decision.plan.final}",
    ]
