"""What changes, from what is and what is wanted: as data."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils import reconcile

CASES = [
    # current, desired, changed, members
    (None, None, False, {}),
    (None, {"a": 1}, True, {"a": 1}),
    ({"a": 1}, None, True, {}),
    ({"a": 1}, {"a": 1}, False, {}),
    ({"a": 1, "b": 2}, {"a": 1}, False, {}),
    ({"a": 1, "b": 2}, {"b": 3}, True, {"b": 3}),
    ({"a": None}, {"a": None}, False, {}),
    ({"a": 1}, {"b": None}, True, {"b": None}),
]


@pytest.mark.parametrize(("current", "desired", "changed", "members"), CASES)
def test_change(current, desired, changed, members):
    found = reconcile.change(current, desired)
    assert found.changed is changed
    assert found.members == members
    assert found.before == current
    if desired is None:
        assert found.after is None
    else:
        assert found.after == {**(current or {}), **desired}
        # What a run leaves behind needs no second one.
        assert not reconcile.change(found.after, desired).changed


def test_diff_holds_both_sides():
    diff = reconcile.change({"a": 1}, {"a": 2}).diff("relay x")
    assert (diff["before"], diff["after"]) == ({"a": 1}, {"a": 2})
    assert diff["before_header"] == "relay x (before)"


TAGS = [
    # current, wanted, purge, after
    ({}, {"a": "1"}, True, {"a": "1"}),
    ({"b": "2"}, {"a": "1"}, True, {"a": "1"}),
    ({"b": "2"}, {"a": "1"}, False, {"a": "1", "b": "2"}),
    ({"aws:cloudformation:stack": "s"}, {}, True, {"aws:cloudformation:stack": "s"}),
    ({"a": "0"}, {"a": "1"}, False, {"a": "1"}),
]


@pytest.mark.parametrize(("current", "wanted", "purge", "after"), TAGS)
def test_tags(current, wanted, purge, after):
    assert reconcile.tags(current, wanted, purge) == after
    put, removed = reconcile.tag_steps(current, after)
    applied = {key: value for key, value in {**current, **put}.items() if key not in removed}
    assert applied == after
