"""Results in check mode into rows, and rows into a table."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gatepost.mail.plugins.filter.drift import drift, drift_table

RELAY = {"before_header": "relay out (before)", "before": {"a": 1, "b": 2}, "after": {"a": 1}}


@pytest.mark.parametrize(
    ("result", "row"),
    [
        (
            {"changed": False, "diff": RELAY},
            {"resource": "relay out", "state": "in step", "fields": [], "reason": ""},
        ),
        (
            {"changed": True, "diff": [RELAY]},
            {"resource": "relay out", "state": "drifted", "fields": ["b"], "reason": ""},
        ),
        (
            {"changed": True, "diff": {**RELAY, "before": {}}},
            {"resource": "relay out", "state": "missing", "fields": [], "reason": ""},
        ),
        (
            {"failed": True, "msg": "GetRelay: no"},
            {"resource": "step", "state": "unknown", "fields": [], "reason": "GetRelay: no"},
        ),
        (
            {"changed": True},
            {"resource": "step", "state": "missing", "fields": [], "reason": ""},
        ),
    ],
)
def test_row(result, row):
    assert drift({"step": result}) == [row]


def test_what_was_skipped_is_no_row():
    assert drift({"step": {"skipped": True, "changed": False}}) == []


@pytest.mark.parametrize("wrong", [[], None, {"step": "text"}])
def test_wrong_input(wrong):
    with pytest.raises(AnsibleFilterError, match=r"gatepost\.mail\.drift"):
        drift(wrong)


def test_table():
    assert drift_table(
        drift(
            {
                "one": {"changed": True, "diff": RELAY},
                "two": {"failed": True, "msg": "no"},
                "three": {"changed": False},
            }
        )
    ) == [
        "RESOURCE   STATE    DIFFERS IN",
        "relay out  drifted  b",
        "two        unknown  no",
        "three      in step",
    ]
