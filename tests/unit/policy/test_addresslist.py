from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.policy.addresslist import AddressList

ENTRIES = [
    "Exact@Example.com",
    "*@all.example",
    "sales-*@example.com",
    "*-bot@example.com",
    "ann@*.example.org",
    "postmaster@*",
    "*.below.example",
]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("exact@example.com", True),
        ("EXACT@EXAMPLE.COM", True),
        ("exact+tag@example.com", False),
        ("x@all.example", True),
        ("x@sub.all.example", False),
        ("sales-eu@example.com", True),
        ("sales-@example.com", True),
        ("sales@example.com", False),
        ("a-bot@example.com", True),
        ("ann@mail.example.org", True),
        ("ann@example.org", False),
        ("postmaster@anything.example", True),
        ("x@a.below.example", True),
        ("x@a.b.below.example", True),
        ("x@below.example", False),
        ("x@notbelow.example", False),
        ("", False),
        ("no-address", False),
        ("all.example", False),
        ("@all.example", False),
        ("a.below.example", False),
        ("@a.below.example", False),
        ("postmaster@", False),
    ],
)
def test_membership(address: str, expected: bool) -> None:
    assert (address in AddressList(ENTRIES)) is expected


@pytest.mark.parametrize(
    "entry", ["*@*.example", "example.com", "*", "", "@example.com", "a@", "*."]
)
def test_what_is_no_entry(entry: str) -> None:
    with pytest.raises(ValueError, match=r"more than one \*|neither an address"):
        AddressList([entry])


half = st.text("ab.-", min_size=1, max_size=5)


@given(st.lists(st.tuples(half, half), max_size=6), st.tuples(half, half))
def test_against_a_naive_reading(pairs: list[tuple[str, str]], wanted: tuple[str, str]) -> None:
    entries = [f"{prefix}*{suffix}@d.example" for prefix, suffix in pairs]
    local = "".join(wanted)
    expected = any(
        local.startswith(prefix) and local.endswith(suffix) and len(local) >= len(prefix + suffix)
        for prefix, suffix in pairs
    )
    assert (f"{local}@d.example" in AddressList(entries)) is expected
