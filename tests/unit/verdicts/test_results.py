"""Which verdict a result is, as data: the law, and nothing that it does not say."""

from __future__ import annotations

from typing import Any

import pytest

from gatepost.policy.values import Verdicts
from gatepost.verdicts import results
from gatepost.verdicts.results import RESULTS, Result


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("pass", "PASS"),
        ("fail", "FAIL"),
        ("softfail", "GRAY"),
        ("neutral", "GRAY"),
        ("none", "GRAY"),
        ("temperror", "PROCESSING_FAILED"),
        ("permerror", "PROCESSING_FAILED"),
    ],
)
def test_the_law(word: str, verdict: str) -> None:
    assert RESULTS[word] == verdict
    assert len(RESULTS) == 7


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ([], "none"),
        (["fail", "pass"], "pass"),
        (["temperror", "pass", "fail"], "pass"),
        (["fail", "temperror"], "temperror"),
        (["permerror", "fail"], "fail"),
        (["neutral", "permerror"], "permerror"),
        (["neutral"], "neutral"),
    ],
)
def test_one_result_for_many_signatures(words: list[str], word: str) -> None:
    assert results.of_signatures(map(Result, words)).word == word


def test_of_equal_signatures_the_first_speaks() -> None:
    found = results.of_signatures([Result("fail", "a"), Result("pass", "b"), Result("pass", "c")])
    assert found == Result("pass", "b")


RSPAMD = {"action": "add header", "score": 7.5, "symbols": {"BAYES_SPAM": {"score": 5.1}}}


@pytest.mark.parametrize(
    ("answer", "field", "value"),
    [
        (RSPAMD, "verdict", "GRAY"),
        (RSPAMD, "action", "add header"),
        (RSPAMD, "spam", True),
        (RSPAMD, "BAYES_SPAM", True),
        (RSPAMD, "PHISHING", False),
        ({**RSPAMD, "action": "no action"}, "verdict", "PASS"),
        ({**RSPAMD, "action": "no action"}, "spam", False),
        ({**RSPAMD, "action": "no action", "is_skipped": True}, "verdict", "GRAY"),
        ({**RSPAMD, "action": "reject"}, "verdict", "FAIL"),
        ({**RSPAMD, "action": "discard"}, "verdict", "FAIL"),
        ({**RSPAMD, "action": "greylist"}, "verdict", "GRAY"),
        ({**RSPAMD, "action": "soft reject"}, "verdict", "GRAY"),
        ({**RSPAMD, "action": "soft reject"}, "spam", False),
        ({**RSPAMD, "action": "somebody's own"}, "verdict", "GRAY"),
        ({}, "verdict", None),
        ({"error": "empty body"}, "BAYES_SPAM", None),
        ({"action": "reject", "symbols": []}, "verdict", None),
        ({"action": 1, "symbols": {}}, "action", None),
    ],
)
def test_rspamd(answer: dict[str, Any], field: str, value: object) -> None:
    assert results.of_rspamd(answer, field) == value


@pytest.mark.parametrize(
    ("value", "read"),
    [("PASS", "PASS"), (True, True), (1.5, 1.5), (None, None), ([], None), ({}, None)],
)
def test_http(value: object, read: object) -> None:
    assert results.of_http({"f": value}, "f") == read
    assert results.of_http({}, "f") is None


def test_the_verdicts_are_those_of_policy() -> None:
    assert Verdicts(spf=RESULTS["none"]).spf == "GRAY"
