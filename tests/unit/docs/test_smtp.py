"""docs/smtp.md lists what differs from aiosmtpd on purpose as the suite's table has it."""

from pathlib import Path

from tests.upstream import table

TOLD = (Path(__file__).parents[3] / "docs/smtp.md").read_text()


def test_every_difference_is_told_with_its_number_of_tests() -> None:
    assert table.markdown() in TOLD


def test_every_difference_has_a_reason_a_pattern_and_a_test() -> None:
    assert all(group.what and group.shows and group.tests for group in table.groups())
