"""The account of a soak: what counts as lost, wrong and twice."""

from __future__ import annotations

import pytest

from tests.soak.ledger import ARCHIVE, BOUNCE, DROP, NOTHING, RELAY, Account, Ledger, Sent


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


def sent(ledger: Ledger, address: str, rule: str, *, null: bool = False, certain: bool = True):
    ledger.note_sent(address, Sent(rule, null, certain))


def troubles(account: Account) -> dict[str, list[str]]:
    found = {
        "lost": account.lost,
        "wrong": account.wrong,
        "unexplained": account.unexplained,
    }
    return {name: each for name, each in found.items() if each}


def test_what_arrived_is_not_waited_for(ledger: Ledger) -> None:
    sent(ledger, "a", RELAY)
    sent(ledger, "b", RELAY)
    assert ledger.waiting == 2
    ledger.note_arrival("a", 1.0)
    assert ledger.waiting == 1
    account = ledger.close(())
    assert (account.accepted, account.delivered) == (2, 1)
    assert troubles(account) == {"lost": ["b"]}


def test_an_arrival_may_be_noted_before_the_250_is(ledger: Ledger) -> None:
    ledger.note_arrival("a", 1.0)
    sent(ledger, "a", RELAY)
    assert ledger.waiting == 0
    assert not troubles(ledger.close(()))


def test_a_refusal_counts_when_its_sender_was_told(ledger: Ledger) -> None:
    for address, null in (("told", False), ("untold", False), ("null", True)):
        sent(ledger, address, RELAY, null=null)
        ledger.note_refused(address)
    ledger.note_notice("told")
    assert ledger.waiting == 1
    assert troubles(ledger.close(())) == {"lost": ["untold"]}


def test_a_refusal_alone_is_not_a_delivery(ledger: Ledger) -> None:
    sent(ledger, "a", RELAY)
    ledger.note_unanswered("a")
    assert troubles(ledger.close(())) == {"lost": ["a"]}


def test_each_rule_has_its_own_end(ledger: Ledger) -> None:
    sent(ledger, "bounced", BOUNCE)
    sent(ledger, "unbounced", BOUNCE)
    sent(ledger, "nobody to tell", BOUNCE, null=True)
    sent(ledger, "dropped", DROP)
    sent(ledger, "refused", NOTHING)
    sent(ledger, "kept", ARCHIVE)
    sent(ledger, "not kept", ARCHIVE)
    ledger.note_notice("bounced")
    ledger.note_arrival("kept", 1.0)
    ledger.note_arrival("not kept", 1.0)
    account = ledger.close({"kept"})
    assert troubles(account) == {"lost": ["unbounced", "not kept"]}
    assert (account.dropped, account.archived, account.accepted) == (1, 1, 6)


@pytest.mark.parametrize("rule", [BOUNCE, DROP, NOTHING])
def test_what_must_not_arrive_is_wrong(ledger: Ledger, rule: str) -> None:
    sent(ledger, "a", rule, null=True)
    ledger.note_arrival("a", 1.0)
    assert troubles(ledger.close(())) == {"wrong": ["a"]}


def test_what_nobody_sent_and_notices_without_a_reason_are_wrong(ledger: Ledger) -> None:
    sent(ledger, "delivered", RELAY)
    sent(ledger, "null", BOUNCE, null=True)
    ledger.note_arrival("delivered", 1.0)
    ledger.note_arrival("unknown", 1.0)
    for address in ("delivered", "null"):
        ledger.note_notice(address)
    account = ledger.close({"delivered"})
    assert troubles(account) == {"wrong": ["delivered", "null", "unknown"]}


def test_what_the_client_does_not_know_may_have_come_or_not(ledger: Ledger) -> None:
    for address in ("came", "gone"):
        sent(ledger, address, RELAY, certain=False)
    ledger.note_arrival("came", 1.0)
    account = ledger.close(())
    assert not troubles(account)
    assert account.uncertain == 2


@pytest.mark.parametrize(
    ("kill", "explained"),
    [(None, False), (6.0, False), (9.0, True), (12.0, True), (21.0, False), (45.0, False)],
    ids=["none", "before both", "on its way", "between", "after both", "long after the first"],
)
def test_a_kill_in_between_explains_a_duplicate(
    ledger: Ledger, kill: float | None, explained: bool
) -> None:
    sent(ledger, "a", RELAY)
    ledger.note_arrival("a", 10.0)
    ledger.note_arrival("a", 50.0 if kill == 45.0 else 20.0)
    ledger.kills += [kill] if kill is not None else []
    account = ledger.close(())
    assert account.duplicates == 1
    assert troubles(account) == ({} if explained else {"unexplained": ["a"]})
