# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of the DNS into values: SPF, DKIM, DMARC, MTA-STS and TLS reporting. Pure.

A record that is not there is None; one that is there and wrong says so in `problems`. The texts are
anybody's: nothing in them is trusted, and nothing in them is an error here.
Sources: RFC 7208, 6376, 7489, 8461, 8460.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

_TAG = re.compile(r"\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*", re.S)
MODES = ("enforce", "testing", "none")


@dataclass(frozen=True)
class Text:
    """A record: its text, its tags, and what is wrong with it."""

    text: str
    tags: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        return {"text": self.text, "tags": dict(self.tags), "problems": list(self.problems)}


@dataclass(frozen=True)
class Spf:
    """all: the qualifier of `all` (+ - ~ ?), "" without one. includes: names, in order."""

    text: str
    includes: tuple[str, ...]
    all: str
    problems: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class StsPolicy:
    """mode: enforce, testing or none. mx: patterns. max_age: seconds."""

    text: str
    mode: str
    mx: tuple[str, ...]
    max_age: int | None
    problems: tuple[str, ...] = ()

    def allows(self, host: str) -> bool:
        """Whether a host matches a pattern; `*.` stands for exactly one label."""
        name = host.lower().removesuffix(".")
        return any(_matches(pattern, name) for pattern in self.mx)

    def document(self) -> dict[str, Any]:
        return asdict(self)


def spf(texts: Sequence[str]) -> Spf | None:
    """The SPF record among the texts of a name."""
    found = [text for text in texts if re.match(r"v=spf1(\s|$)", text, re.I)]
    if not found:
        return None
    problems = ["there are several SPF records; receivers take none of them"] if found[1:] else []
    terms = found[0].split()[1:]
    includes = [term.partition(":")[2] for term in terms if re.match(r"[+]?include:", term, re.I)]
    every = [term for term in terms if re.fullmatch(r"[+\-~?]?all", term, re.I)]
    qualifier = ("+" + every[0].lower().removesuffix("all"))[-1] if every else ""
    if qualifier == "+":
        problems.append("it lets everybody send (+all)")
    return Spf(found[0], tuple(includes), qualifier, tuple(problems))


def dmarc(texts: Sequence[str]) -> Text | None:
    found = _of_version(texts, "DMARC1")
    if found is None:
        return None
    known = found.tags.get("p", "").lower() in ("none", "quarantine", "reject")
    return found if known else _with(found, "its policy p= is none of none, quarantine, reject")


def dkim(texts: Sequence[str]) -> Text | None:
    """A key record, of which `v=` is optional."""
    found = [text for text in texts if "p" in _tags(text)]
    if not found:
        return None
    key = Text(found[0], _tags(found[0]))
    if found[1:]:
        key = _with(key, "there are several keys under this selector")
    return key if key.tags["p"] else _with(key, "the key is revoked (p= is empty)")


def mta_sts(texts: Sequence[str]) -> Text | None:
    found = _of_version(texts, "STSv1")
    if found is None:
        return None
    right = re.fullmatch(r"[A-Za-z0-9]{1,32}", found.tags.get("id", ""))
    return found if right else _with(found, "its id= is not 1 to 32 letters and digits")


def tls_reporting(texts: Sequence[str]) -> Text | None:
    found = _of_version(texts, "TLSRPTv1")
    if found is None:
        return None
    right = found.tags.get("rua", "").startswith(("mailto:", "https:"))
    return found if right else _with(found, "its rua= is neither mailto: nor https:")


def sts_policy(text: str) -> StsPolicy:
    """The policy file. What it lacks is among its problems."""
    lines = [line.partition(":") for line in text.replace("\r\n", "\n").split("\n")]
    fields = [(key.strip().lower(), value.strip()) for key, colon, value in lines if colon]
    single = dict(reversed(fields))
    mx = tuple(value.lower().removesuffix(".") for key, value in fields if key == "mx")
    mode = single.get("mode", "").lower()
    age = single.get("max_age", "")
    max_age = int(age) if re.fullmatch(r"\d{1,10}", age) else None
    problems = []
    if single.get("version") != "STSv1":
        problems.append("its version is not STSv1")
    if mode not in MODES:
        problems.append(f"its mode is none of {', '.join(MODES)}")
    if max_age is None:
        problems.append("its max_age is no number of seconds")
    if not mx and mode != "none":
        problems.append("it names no mx")
    return StsPolicy(text, mode, mx, max_age, tuple(problems))


def _matches(pattern: str, name: str) -> bool:
    if pattern.startswith("*."):
        return name.partition(".")[2] == pattern[2:]
    return name == pattern


def _of_version(texts: Sequence[str], version: str) -> Text | None:
    found = [text for text in texts if _first(text) == ("v", version)]
    if not found:
        return None
    record = Text(found[0], _tags(found[0]))
    return _with(record, "there are several such records; none counts") if found[1:] else record


def _first(text: str) -> tuple[str, str]:
    found = _TAG.fullmatch(text.partition(";")[0])
    return (found[1], found[2]) if found else ("", "")


def _tags(text: str) -> dict[str, str]:
    found = (_TAG.fullmatch(part) for part in text.split(";"))
    return {one[1].lower(): "".join(one[2].split()) for one in found if one}


def _with(record: Text, problem: str) -> Text:
    return Text(record.text, record.tags, (*record.problems, problem))
