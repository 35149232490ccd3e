# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The gate before a rule set: what it takes, and what the answer of C(gatepost policy test) means.

Pure. The answer is the command's JSON, described in docs/policy-tests.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The option `tests`, by which the action plugin validates; the module documents it.
SPEC: dict[str, Any] = {
    "type": "dict",
    "options": {
        "cases": {"type": "list", "elements": "path", "default": []},
        "samples": {"type": "path"},
        "samples_source_ip": {"type": "str"},
        "samples_helo": {"type": "str"},
        "traffic_policy": {"type": "dict"},
        "same": {"type": "bool", "default": False},
    },
}


def document(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The rule set as a document, of what the module shows of it, with names for relays."""
    return {"rule_set_name": shown["name"], "rules": shown["rules"]}


def summary(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What the task returns of the tests."""
    made = {
        "passed": answer["passed"],
        "failed": answer["failed"],
        "cases": [
            {
                "case": each["case"],
                "file": each["file"],
                "passed": each["passed"],
                "problems": _problems(each),
            }
            for each in answer["cases"]
        ],
    }
    if "samples" in answer:
        made["samples"] = answer["samples"]
        made["different"] = list(dict.fromkeys(each["sample"] for each in answer["differences"]))
        made["undecided"] = sorted(answer["undecided"])
    return made


def _problems(case: Mapping[str, Any]) -> list[str]:
    return [
        f"{recipient['recipient']}: {problem}"
        for recipient in case["recipients"]
        for problem in recipient["problems"]
    ]


def refusal(found: Mapping[str, Any]) -> str:
    """Why the rule set is not applied, of a summary with failed cases or unwanted differences."""
    told = [
        f"{each['case']} ({'; '.join(each['problems'])})"
        for each in found["cases"]
        if not each["passed"]
    ]
    if told:
        count = found["passed"] + found["failed"]
        return f"tests: {found['failed']} of {count} cases fail, nothing was changed: " + ", ".join(
            told
        )
    return "tests: nothing was changed, since samples would be treated differently: " + ", ".join(
        found["different"]
    )


def notice(found: Mapping[str, Any]) -> str | None:
    """What is worth saying of a summary that does not refuse."""
    if not found.get("different"):
        return None
    return (
        f"{len(found['different'])} of {found['samples']} samples are treated differently by the"
        f" new rules ({', '.join(found['different'])}); --diff shows how"
    )
