"""The schedule of a soak, and the page of its results."""

from __future__ import annotations

import pytest

from tests.soak import report, schedule
from tests.soak.judgement import Check, Sample


def test_every_quarter_has_the_same_faults_but_kills() -> None:
    spans = schedule.spans(400.0)
    by_quarter = [
        {(each.name, round(each.start % 100, 6)) for each in spans if each.start // 100 == number}
        for number in range(4)
    ]
    assert by_quarter[0] == by_quarter[1]
    assert by_quarter[2] == by_quarter[3] == {it for it in by_quarter[0] if it[0] != "kill"}


def test_every_fault_that_lasts_ends_before_the_next_of_its_kind() -> None:
    on = set()
    for _at, name, begins in schedule.steps(60.0):
        assert (name in on) is not begins
        if begins and any(each.name == name and each.end > each.start for each in schedule.FAULTS):
            on.add(name)
        on -= set() if begins else {name}
    assert not on


@pytest.mark.parametrize("seconds", [30.0, 1800.0])
def test_the_page_shows_what_was_found_and_needs_nothing_else(seconds: float) -> None:
    samples = [
        Sample(at * seconds / 50, 10**8 + at, 60, 20, 3, at, at * 9, at * 8) for at in range(50)
    ]
    checks = [Check("lost", "0", "0", True), Check("<open> files", "9", "0", None)]
    found = report.document(seconds, samples, checks, {"messages": "12"}, ["lost: <a@b>"])
    page = report.rendered(found)
    assert page.count("<svg") == 6
    assert "lost: &lt;a@b&gt;" in page
    assert "&lt;open&gt; files" in page
    assert ("A short run" in page) == (seconds < 600)
    assert "http" not in page.replace("http-equiv", "")
    assert "not judged" in report.as_text(found)


def test_a_run_without_samples_has_a_page() -> None:
    assert "<svg" in report.rendered(report.document(60.0, [], [], {}, []))
