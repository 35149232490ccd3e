"""How the documents of a file find each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gatepost.actions.values import Lmtp, Mailbox, Maildir
from gatepost.config import load, sites
from gatepost.config.check import warnings
from gatepost.policy import schema
from tests.unit.config.conftest import put

ARN = "arn:aws:ses:eu-west-1:123456789012:mailmanager-smtp-relay/r-0123456789"


@pytest.mark.parametrize("spelling", ["next", "r-0123456789", ARN])
def test_a_relay_is_called_by_its_name_however_a_rule_spells_it(
    good: dict[str, Any], written: Callable[[Any], Path], spelling: str
) -> None:
    put(good, "relays.0.RelayId", "r-0123456789")
    put(good, "rule_sets.0.Rules.0.Actions.0.Relay.Relay", spelling)
    (rule,) = load(written(good)).rule_sets["main"].rules
    (action,) = rule.actions
    assert action.target == "next"
    assert action.parameters["Relay"] == "next"


def test_rules_that_together_take_everything_are_no_reason_to_warn(
    good: dict[str, Any], written: Callable[[Any], Path]
) -> None:
    (rule,) = good["rule_sets"][0]["Rules"]
    expected = "rule_sets[0].Rules: mail that no rule delivers is accepted and goes nowhere"
    assert warnings(load(written(good))) == (expected,)
    good["rule_sets"][0]["Rules"].append({"Unless": rule["Conditions"], "Actions": rule["Actions"]})
    assert warnings(load(written(good))) == ()


ARCHIVE = "arn:aws:ses:eu-west-1:123456789012:mailmanager-archive/a-1"
ORGANIZATION = "arn:aws:workmail:eu-west-1:123456789012:organization/m-1"
APPLICATION = "00000000-0000-0000-0000-000000000001"
ROLE = "arn:aws:iam::123456789012:role/mail"


@pytest.mark.parametrize(
    ("action", "binding", "name"),
    [
        ({"Archive": {"TargetArchive": "legal"}}, {"archives": {"legal": {"path": "a"}}}, "legal"),
        ({"Archive": {"TargetArchive": "a-1"}}, {"archives": {"a-1": {"path": "a"}}}, "a-1"),
        ({"Archive": {"TargetArchive": ARCHIVE}}, {"archives": {"a-1": {"path": "a"}}}, "a-1"),
        ({"Archive": {"TargetArchive": ARCHIVE}}, {"archives": {ARCHIVE: {"path": "a"}}}, ARCHIVE),
        ({"Archive": {"TargetArchive": "unbound"}}, {}, "unbound"),
        (
            {"DeliverToMailbox": {"MailboxArn": ORGANIZATION, "RoleArn": ROLE}},
            {"mailboxes": {"m-1": {"maildir": "m"}}},
            "m-1",
        ),
        (
            {
                "DeliverToQBusiness": {
                    "ApplicationId": APPLICATION,
                    "IndexId": APPLICATION,
                    "RoleArn": ROLE,
                }
            },
            {"applications": {APPLICATION: {"lmtp": "127.0.0.1:24"}}},
            APPLICATION,
        ),
    ],
)
def test_what_is_bound_is_called_by_its_binding(
    good: dict[str, Any],
    written: Callable[[Any], Path],
    action: dict[str, Any],
    binding: dict[str, Any],
    name: str,
) -> None:
    good["rule_sets"][0]["Rules"][0]["Actions"] = [action]
    good["bindings"].update(binding)
    (rule,) = load(written(good)).rule_sets["main"].rules
    assert [each.target for each in rule.actions] == [name]


@pytest.mark.parametrize(
    ("retention", "days"),
    [
        (None, None),
        ("PERMANENT", None),
        ("THREE_MONTHS", 93),
        ("TEN_YEARS", 3720),
        ("90d", 90),
        (86400, 1),
    ],
)
def test_how_long_an_archive_keeps(
    good: dict[str, Any], written: Callable[[Any], Path], retention: Any, days: int | None
) -> None:
    binding = {"path": "mail"} if retention is None else {"path": "mail", "retention": retention}
    put(good, "bindings.archives", {"legal": binding})
    file = written(good)
    archive = load(file).archives["legal"]
    assert archive.path == file.parent / "mail"
    assert archive.retention == (None if days is None else days * 86400)


def test_every_period_of_the_api_is_known() -> None:
    known = schema.SHAPES["RetentionPeriod"]["enum"]
    assert {*sites._MONTHS, sites.PERMANENT} == set(known)


@pytest.mark.parametrize(
    ("binding", "site"),
    [
        ({"maildir": "/mail"}, Maildir(Path("/mail"))),
        (
            {"maildir": "/mail/{domain}/{local}/Maildir", "create": True},
            Maildir(Path("/mail"), ("{domain}", "{local}", "Maildir"), create=True),
        ),
        ({"maildir": "/mail/u-{local}"}, Maildir(Path("/mail"), ("u-{local}",))),
        ({"lmtp": "dovecot.test:24"}, Lmtp(("dovecot.test", 24))),
        ({"lmtp": "[::1]:24"}, Lmtp(("::1", 24))),
        ({"lmtp": "unix:/run/lmtp"}, Lmtp(Path("/run/lmtp"))),
    ],
)
def test_where_a_mailbox_is(
    good: dict[str, Any], written: Callable[[Any], Path], binding: Any, site: Maildir | Lmtp
) -> None:
    put(good, "bindings.mailboxes", {"m-1": binding})
    (mailbox,) = load(written(good)).mailboxes.values()
    assert mailbox == Mailbox("mailbox:m-1", site)
