"""Files of policy cases: a message and its coming, and what must become of it. docs/policy-tests.md
has the format.

Promises: a file is read whole or refused; unknown keys are errors, as is a case that expects
nothing. Raises ConfigError naming file, path and reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from gatepost.cli import inputs, situation
from gatepost.cli.expectation import Case, EffectPattern, Expectation
from gatepost.cli.situation import Given, Situation
from gatepost.config import document
from gatepost.config.fields import Section, kind
from gatepost.errors import ConfigError
from gatepost.policy import schema
from gatepost.policy.addresslist import AddressList
from gatepost.policy.plan import DELIVERING
from gatepost.policy.shapes import snake

T = TypeVar("T")

_SHAPES: Final[Mapping[str, Any]] = {**schema.SHAPES}
_ACTIONS: Final = tuple(snake(name) for name in _SHAPES["RuleAction"]["members"])
_FINALS: Final = (*sorted(map(snake, DELIVERING)), "drop", "none")


def read(file: Path) -> tuple[Case, ...]:
    top = Section(file, "", document.parse(file, document.read(file)))
    defaults = given(top.section("defaults"))
    cases = tuple(_case(file, path, each, defaults) for path, each in top.entries("cases"))
    top.finish()
    if not cases:
        top.fail("cases", "is empty")
    names = [each.name for each in cases]
    for number, name in enumerate(names):
        if name in names[:number]:
            top.fail(f"cases[{number}].name", f"{name!r} is the name of an earlier case")
    return cases


def sidecar(file: Path) -> Given:
    """What the file beside a sample tells."""
    return given(Section(file, "", document.parse(file, document.read(file))))


def given(section: Section) -> Given:
    """What a mapping tells of a message's coming, and nothing else."""
    found = _given(section)
    section.finish()
    return found


def _case(file: Path, path: str, value: object, defaults: Given) -> Case:
    section = Section(file, path, value)
    name = section.text("name")
    body = _body(section)
    told = _given(section).over(defaults)
    expected = _expectation(section.section("expect"))
    section.finish()
    return Case(name, str(file), _situation(section, told, body), expected)


def _situation(section: Section, told: Given, body: bytes) -> Situation:
    try:
        return situation.situation(told, body)
    except ValueError as error:
        section.fail("", str(error).replace("recipients is", "rcpt is"))


def _body(section: Section) -> bytes:
    if section.has("message") == section.has("message_file"):
        section.fail("message", "is needed, or message_file, and not both")
    if section.has("message_file"):
        return inputs.message(section.path_to("message_file"))
    text = section.take("message")
    if not isinstance(text, str):
        section.fail("message", f"must be a string, not {kind(text)}; write it under `|`")
    section.take("message_file", None)
    return situation.wire_form(text.encode())


def _given(section: Section) -> Given:
    return Given(
        mail_from=_read(section, "mail_from", situation.sender),
        recipients=_recipients(section),
        source_ip=_read(section, "source_ip", situation.source_ip),
        helo=_read(section, "helo", str),
        tls=_read(section, "tls", lambda text: "" if text == "none" else _choice(text)),
        client_certificate=_certificate(section),
        spf=_read(section, "spf", situation.verdict),
        dkim=_read(section, "dkim", situation.verdict),
        dmarc=_read(section, "dmarc", situation.dmarc),
        analysis=_analysis(section),
        address_lists=_address_lists(section),
    )


def _choice(text: str) -> str:
    if text not in situation.TLS:
        raise ValueError(f"must be one of {', '.join(situation.TLS)} or none, not {text!r}")
    return text


def _read(section: Section, key: str, reader: Callable[[str], T]) -> T | None:
    value = section.take(key, None)
    if value is None:
        return None
    if not isinstance(value, str):
        section.fail(key, f"must be a string, not {kind(value)}; quote it")
    return _read_text(section, key, value, reader)


def _read_text(section: Section, key: str, text: str, reader: Callable[[str], T]) -> T:
    try:
        return reader(text)
    except ValueError as error:
        section.fail(key, str(error))


def _texts(section: Section, key: str) -> list[str] | None:
    """One string, or a list of them."""
    value = section.take(key, None)
    if value is None:
        return None
    if isinstance(value, str):
        return [value]
    return [text for _path, text in section.texts(key)]


def _recipients(section: Section) -> tuple[str, ...] | None:
    texts = _texts(section, "rcpt")
    if texts is None:
        return None
    return tuple(_read_text(section, "rcpt", each, situation.address) for each in texts)


def _certificate(section: Section) -> Mapping[str, tuple[str, ...]] | None:
    if not section.has("client_certificate"):
        section.take("client_certificate", None)
        return None
    shown = section.section("client_certificate")
    values = {name: _texts(shown, name) or [] for name in shown.names()}
    try:
        return situation.certificate(values)
    except ValueError as error:
        section.fail("client_certificate", str(error))


def _analysis(section: Section) -> Mapping[tuple[str, str], str | bool | float] | None:
    """By analyzer ARN, then field."""
    found: dict[tuple[str, str], str | bool | float] = {}
    analyzers = section.section("analysis")
    for analyzer in analyzers.names():
        fields = analyzers.section(analyzer)
        for field in fields.names():
            value = fields.take(field)
            if not isinstance(value, str | bool | int | float):
                fields.fail(field, f"must be a string, a boolean or a number, not {kind(value)}")
            found[analyzer, field] = value
    return found or None


def _address_lists(section: Section) -> Mapping[str, AddressList] | None:
    lists = section.section("address_lists")
    found = {}
    for reference in lists.names():
        entries = [text for _path, text in lists.texts(reference)]
        found[reference] = _list(lists, reference, entries)
    return found or None


def _list(section: Section, key: str, entries: Iterable[str]) -> AddressList:
    try:
        return AddressList(entries)
    except ValueError as error:
        section.fail(key, str(error))


def _expectation(section: Section) -> Expectation:
    undecided = _texts(section, "undecided")
    made = Expectation(
        admitted=section.flag("admitted", False) if section.has("admitted") else None,
        admitted_by=section.text("admitted_by", None),
        matched=_matched(section),
        effects=_effects(section),
        final=section.text("final", None, _FINALS),
        undecided=None if undecided is None else frozenset(undecided),
    )
    section.take("admitted", None)
    section.finish()
    if made == Expectation():
        section.fail("", "is missing or empty: a case must expect something")
    return made


def _matched(section: Section) -> tuple[str | int, ...] | None:
    """Rules by name; those without one by their index."""
    if not section.has("matched"):
        section.take("matched", None)
        return None
    found: list[str | int] = []
    for path, each in section.entries("matched"):
        if isinstance(each, bool) or not isinstance(each, str | int):
            raise ConfigError(str(section.file), path, "must be the name or the index of a rule")
        found.append(each)
    return tuple(found)


def _effects(section: Section) -> tuple[EffectPattern, ...] | None:
    if not section.has("effects"):
        section.take("effects", None)
        return None
    return tuple(
        _effect(Section(section.file, path, each)) for path, each in section.entries("effects")
    )


def _effect(section: Section) -> EffectPattern:
    headers = section.section("headers")
    members = dict(
        _members(
            action=section.text("action", None, _ACTIONS),
            target=section.text("target", None),
            rule=section.text("rule", None),
            recipient=section.text("recipient", None),
            mail_from=_read(section, "mail_from", situation.sender),
            on_failure=section.text("on_failure", None, ("CONTINUE", "DROP")),
        )
    )
    found = EffectPattern(members, tuple((name, headers.text(name)) for name in headers.names()))
    section.finish()
    if found == EffectPattern({}, ()):
        section.fail("", "is empty: name at least the action")
    return found


def _members(**members: Any) -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        if value is not None:
            yield name, value
