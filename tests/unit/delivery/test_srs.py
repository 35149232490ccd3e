"""SRS: the addresses that are made, the way back, and what has none."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import assume, given

from gatepost.delivery.srs import Expired, NotOurs, Srs, TooLong
from gatepost.smtp.address import is_mailbox

DAY = 86400.0
NOW = 20000 * DAY + 4711
OLD, NEW, OTHER = b"old key of 16 oc", b"new key of 16 o", b"somebody else's"
SRS = Srs("ours.test", [NEW])
CASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("srs.yaml").read_text("utf-8"))


def bare(address: str) -> str:
    """Its hash as H, its date as TT."""
    hashed = re.sub(r"(SRS[01])=[A-Z2-7]{8}=", r"\1=H=", address)
    return re.sub(r"(SRS0=H)=[A-Z2-7]{2}=", r"\1=TT=", hashed)


@pytest.mark.parametrize("case", CASES["forward"], ids=lambda case: case["sender"] or "null")
def test_what_is_made_and_the_way_back(case: dict[str, str]) -> None:
    made = SRS.forward(case["sender"], NOW)
    assert bare(made) == case["to"]
    if made == case["sender"]:
        assert not SRS.is_return(made)
        return
    assert is_mailbox(made)
    assert SRS.is_return(made)
    back = SRS.reverse(made, NOW)
    if made.startswith("SRS1"):
        first = re.sub(r".*first", "first", made.partition("@")[0])
        host, _separator, inner = first.partition("=")
        assert back == f"SRS0{inner}@{host}"
    else:
        assert back == case["sender"]


@pytest.mark.parametrize("sender", CASES["too_long"])
def test_what_does_not_fit_is_not_made(sender: str) -> None:
    with pytest.raises(TooLong, match="64 octets"):
        SRS.forward(sender, NOW)


@pytest.mark.parametrize("address", CASES["not_ours"])
def test_what_we_did_not_make_is_not_reversed(address: str) -> None:
    with pytest.raises(NotOurs):
        SRS.reverse(address, NOW)


def test_every_changed_character_of_an_address_makes_it_not_ours() -> None:
    made = SRS.forward("ann@example.org", NOW)
    local = made.partition("@")[0]
    for at in range(5, len(local)):
        spoiled = "b" if local[at].lower() != "b" else "c"
        with pytest.raises(NotOurs):
            SRS.reverse(f"{local[:at]}{spoiled}{local[at + 1 :]}@ours.test", NOW)


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_hosts_that_change_the_case_do_no_harm(change: Any) -> None:
    made = change(SRS.forward("ann@example.org", NOW))
    assert SRS.reverse(made, NOW).lower() == "ann@example.org"


def test_an_address_is_good_for_21_days() -> None:
    made = SRS.forward("ann@example.org", NOW)
    for days in (-1, 0, 1, 21):
        assert SRS.reverse(made, NOW + days * DAY) == "ann@example.org"
    for days in (-2, 22, 100, 1000):
        with pytest.raises(Expired):
            SRS.reverse(made, NOW + days * DAY)


def test_keys_are_rotated_without_a_loss() -> None:
    before = Srs("ours.test", [OLD]).forward("ann@example.org", NOW)
    rotated = Srs("ours.test", [NEW, OLD])
    assert rotated.reverse(before, NOW) == "ann@example.org"
    after = rotated.forward("ann@example.org", NOW)
    assert SRS.reverse(after, NOW) == "ann@example.org"
    with pytest.raises(NotOurs):
        SRS.reverse(before, NOW)


def test_a_chain_through_three_hosts_comes_back_by_its_first() -> None:
    first, second, third = (Srs(f"{name}.net", [name.encode()]) for name in ("a", "bb", "cc"))
    one = first.forward("ann@x.org", NOW)
    two = second.forward(one, NOW)
    three = third.forward(two, NOW)
    assert len(three) == len(two)
    assert third.reverse(three, NOW) == one
    assert second.reverse(two, NOW) == one
    assert first.reverse(one, NOW) == "ann@x.org"


def test_mail_that_came_through_us_before_is_reversed_to_its_end() -> None:
    ours, other = Srs("a.net", [NEW]), Srs("b.net", [OTHER])
    again = ours.forward(other.forward(ours.forward("ann@x.org", NOW), NOW), NOW)
    assert ours.reverse(again, NOW) == "ann@x.org"


def test_a_key_is_needed() -> None:
    with pytest.raises(ValueError, match="key"):
        Srs("ours.test", [])


ATOM = st.text("abzAZ019!#$%&'*+-/=?^_`{|}~é", min_size=1, max_size=8)
LOCAL = st.one_of(
    st.lists(ATOM, min_size=1, max_size=3).map(".".join),
    st.text(' !#.@<>[](),:;ab=+-"\\', min_size=1, max_size=12).map(
        lambda text: '"' + re.sub(r'([\\"])', r"\\\1", text) + '"'
    ),
)
DOMAIN = st.sampled_from(["x.org", "a.b.example", "[192.0.2.1]", "[IPv6:2001:db8::1]", "bücher.de"])


@given(LOCAL, DOMAIN, st.integers(0, 3000), st.integers(0, 21))
def test_any_sender_comes_back(local: str, domain: str, day: int, later: int) -> None:
    sender = f"{local}@{domain}"
    assume(is_mailbox(sender))
    try:
        made = SRS.forward(sender, day * DAY)
    except TooLong:
        return
    assert is_mailbox(made)
    back = SRS.reverse(made, (day + later) * DAY)
    if made.lower().startswith(("srs0", '"srs0')):
        assert unquoted(back) == unquoted(sender)


def unquoted(address: str) -> tuple[str, str]:
    local, _at, domain = address.rpartition("@")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return local, domain


@given(st.text(max_size=70), st.integers(0, 3000))
def test_any_text_is_reversed_or_refused(text: str, day: int) -> None:
    for local in (text, f"SRS0={text}", f"SRS1={text}"):
        with pytest.raises((NotOurs, Expired)):
            SRS.reverse(f"{local}@ours.test", day * DAY)
