"""How often, of late."""

from __future__ import annotations

import pytest

from gatepost.smtp import rate
from gatepost.smtp.rate import Rate, client_of


def test_a_count_lasts_for_one_to_two_periods() -> None:
    it = Rate(60)
    assert [it.add("192.0.2.1", now) for now in (1000.0, 1010.0, 1059.0)] == [1, 2, 3]
    assert it.of("192.0.2.2", 1059) == 0
    # The next period sees the one before.
    assert it.add("192.0.2.1", 1061) == 4
    assert it.of("192.0.2.1", 1119) == 4
    assert it.of("192.0.2.1", 1122) == 1
    assert it.of("192.0.2.1", 1300) == 0


def test_a_clock_that_goes_back_forgets() -> None:
    it = Rate(60)
    it.add("192.0.2.1", 1000)
    assert it.of("192.0.2.1", 10) == 0


def test_a_flood_of_addresses_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "CLIENTS_MAX", 10)
    it = Rate(60)
    for number in range(100):
        it.add(f"192.0.2.{number}", 1000)
    assert len(it._now) + len(it._before) <= 20
    assert it.of("192.0.2.99", 1000) == 1
    assert it.of("192.0.2.1", 1000) == 0


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:1:2:3:4:5", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_who_a_client_is(address: str, client: str) -> None:
    assert client_of(address) == client
