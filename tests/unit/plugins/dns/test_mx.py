"""Moving an MX and moving it back, as values: the old value is kept, and kept once."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.dns import mx
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError

OLD = mx.Mx(("10 a.example.com", "20 b.example.com"), 3600, {"Name": "x"})
NONE = mx.Mx((), None)
GATEWAY = mx.Mx(("10 gw.example.net",), 300, {"Name": "x"})
KEPT = mx.Kept(OLD.values, 3600, ("gw.example.net",))


def want(**options):
    standard = {
        "domain": "Example.com.",
        "state": "present",
        "hosts": ["GW.example.net"],
        "preference": 10,
        "ttl": 300,
    }
    return mx.wanted({**standard, **options})


@pytest.mark.parametrize(
    ("now", "kept", "hosts", "values", "keep"),
    [
        (OLD, None, ["gw.example.net"], GATEWAY.values, KEPT),
        (NONE, None, ["gw.example.net"], GATEWAY.values, mx.Kept((), None, ("gw.example.net",))),
        # There already: nothing is kept anew.
        (GATEWAY, None, ["gw.example.net"], GATEWAY.values, None),
        (GATEWAY, KEPT, ["gw.example.net"], GATEWAY.values, KEPT),
        # To the next gateway: the first value stays.
        (
            GATEWAY,
            KEPT,
            ["new.example.net"],
            ("10 new.example.net",),
            mx.Kept(OLD.values, 3600, ("new.example.net",)),
        ),
        # Somebody else has moved it meanwhile: that is the old value now.
        (
            mx.Mx(("5 other.example.org",), 60),
            KEPT,
            ["gw.example.net"],
            GATEWAY.values,
            mx.Kept(("5 other.example.org",), 60, ("gw.example.net",)),
        ),
    ],
)
def test_to_the_gateway(now, kept, hosts, values, keep):
    then, after = mx.moved(want(hosts=hosts), now, kept)
    assert (then.values, then.ttl) == (values, 300)
    assert after == keep


def test_back():
    then, after = mx.restored(want(state="restored"), GATEWAY, KEPT)
    assert (then.values, then.ttl, after) == (OLD.values, 3600, None)
    assert mx.restored(want(state="restored"), OLD, None) == (OLD, None)
    assert mx.restored(want(state="restored"), OLD, KEPT)[1] is None


def test_not_back_over_what_somebody_else_did():
    with pytest.raises(GatepostError, match="somebody has moved it since"):
        mx.restored(want(state="restored"), mx.Mx(("5 other.example.org",), 60), KEPT)


def test_one_batch_holds_the_move_and_the_old_value():
    changes = mx.batch("example.com", (OLD, None), (GATEWAY, KEPT), None)
    kinds = [(one["Action"], one["ResourceRecordSet"]["Type"]) for one in changes]
    assert kinds == [("UPSERT", "MX"), ("UPSERT", "TXT")]
    text = changes[1]["ResourceRecordSet"]["ResourceRecords"][0]["Value"]
    assert mx.parse([text.strip('"')], "x") == KEPT
    back = mx.batch("example.com", (GATEWAY, KEPT), (OLD, None), {"Name": "kept"})
    assert [one["Action"] for one in back] == ["UPSERT", "DELETE"]
    gone = mx.batch("example.com", (GATEWAY, mx.Kept((), None, ())), (NONE, None), {})
    assert [one["Action"] for one in gone] == ["DELETE", "DELETE"]
    assert mx.batch("example.com", (GATEWAY, KEPT), (GATEWAY, KEPT), None) == []


@pytest.mark.parametrize("kept", [KEPT, mx.Kept((), None, ("a.example.com", "b.example.com"))])
def test_a_kept_value_is_read_as_it_was_written(kept):
    assert mx.parse([kept.text()], "x") == kept
    assert mx.parse([], "x") is None


@pytest.mark.parametrize("texts", [["v=gatepost1"], [KEPT.text(), "x"], ["v=spf1 -all"]])
def test_an_odd_one_is_an_error(texts):
    with pytest.raises(GatepostError, match="not as it was written"):
        mx.parse(texts, "_gatepost-mx.example.com")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"domain": "x"}, "domain"),
        ({"hosts": ["a.example.com", "b"]}, r"hosts\[1\]"),
        ({"preference": 65536}, "preference"),
        ({"ttl": -1}, "ttl"),
    ],
)
def test_bad_options(options, told):
    with pytest.raises(BadOption, match=told):
        want(**options)
