"""The pieces of admission that others use too."""

from __future__ import annotations

import pytest

from gatepost.policy.admission import is_verified


@pytest.mark.parametrize(
    ("address", "verified"),
    [
        ("a@example.com", True),
        ("a@EXAMPLE.com", True),
        ("a@mail.example.com", True),
        ("a@example.com.", True),
        ("a@notexample.com", False),
        ("a@example.org", False),
        ("a@com", False),
        ('"x@example.com"@example.org', False),
    ],
)
def test_a_domain_is_verified_by_itself_or_one_above(address: str, verified: bool) -> None:
    assert is_verified(address, {"example.com"}) is verified
