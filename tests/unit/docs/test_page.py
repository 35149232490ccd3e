"""docs/page.md has a row for every step of the page, and keeps step with the playbooks' tasks."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PLAYBOOKS = ("onboard_google_workspace", "onboard_microsoft_365", "outbound_relay")
# Tasks that do a step of the page begin with one of these.
STEPS = ("Inbound ", "Outbound ", "Google ", "Google,", "Microsoft ", "Microsoft,", "The page's ")
# The numbered steps of the SES developer guide's page "SMTP relay", and its lists of prerequisites.
NUMBERED = [
    *(str(number) for number in range(1, 9)),
    *(f"Inbound {number}" for number in range(1, 5)),
    *(f"Outbound {number}" for number in range(1, 4)),
    *(f"Outbound 3.{number}" for number in range(1, 19)),
    "Google, prerequisites",
    *(f"Google {number}" for number in range(1, 4)),
    "Microsoft, prerequisites",
    *(f"Microsoft 1.{number}" for number in range(1, 5)),
    *(f"Microsoft 2.{number}" for number in range(1, 3)),
]


def rows():
    found = []
    for line in (ROOT / "docs/page.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and len(cells) == 4 and cells[0] not in ("step", "---"):
            found.append(cells)
    return found


def tasks(playbook):
    """The names of a playbook's tasks, those in blocks and in imported files too."""
    path = ROOT / "playbooks" / f"{playbook}.yml"
    plays = yaml.safe_load(path.read_text())
    return [name for play in plays for name in _names(play.get("tasks", []), path.parent)]


def _names(listed, folder):
    for task in listed:
        yield task.get("name")
        for part in ("block", "rescue", "always"):
            yield from _names(task.get(part, []), folder)
        for key, value in task.items():
            if key.rpartition(".")[2] in ("import_tasks", "include_tasks"):
                file = folder / (value if isinstance(value, str) else value["file"])
                yield from _names(yaml.safe_load(file.read_text()), file.parent)


def cited():
    """(playbook, task) of every task that the table names."""
    return [
        tuple(name.split(": ", 1))
        for row in rows()
        for name in re.findall(r"`(\w+: [^`]+)`", row[2])
        if name.split(": ", 1)[0] in PLAYBOOKS
    ]


def test_every_numbered_step_has_a_row_and_no_step_has_two():
    steps = [row[0] for row in rows()]
    assert len(steps) == len(set(steps))
    assert [step for step in NUMBERED if step not in steps] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_task_that_is_named_is_there(playbook):
    there = tasks(playbook)
    assert [name for book, name in cited() if book == playbook and name not in there] == []


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_every_task_that_does_a_step_is_named(playbook):
    named = {name for book, name in cited() if book == playbook}
    doing = [name for name in tasks(playbook) if name and name.startswith(STEPS)]
    assert doing
    assert [name for name in doing if name not in named] == []


def test_every_row_says_what_proves_it():
    for step, page, how, proof in rows():
        assert page, step
        assert how, step
        assert (ROOT / proof).is_file(), f"{step}: {proof}"
