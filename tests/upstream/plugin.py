"""The pytest plugin that the suite runs under: the class replaced, and every outcome judged by the
table.

Replies are compared by their code: what aiosmtpd's tests call equal is a code and a text, and the
texts are ours. pytest-mock and pkg_resources, of which the suite uses four functions, are stood in
for by unittest.mock and importlib.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import smtplib
import socket
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

import aiosmtpd.smtp
import pytest
from aiosmtpd.testing import statuscodes

from emulators.ports import free_port
from tests.upstream.adapter import Adapted
from tests.upstream.table import Difference, differences

# A client that waits in vain fails its test.
socket.setdefaulttimeout(10)
# Before anything else imports the name. Tests and controllers find ours under it.
aiosmtpd.smtp.SMTP = Adapted  # type: ignore[misc]


class Mocker:
    MockFixture = object
    Mock = mock.Mock

    def __init__(self) -> None:
        self._patches: list[Any] = []

    def patch(self, target: str, *arguments: Any, **options: Any) -> Any:
        return self._start(mock.patch(target, *arguments, **options))

    def spy(self, owner: object, name: str) -> Any:
        return self._start(mock.patch.object(owner, name, side_effect=getattr(owner, name)))

    def _start(self, patch: Any) -> Any:
        self._patches.append(patch)
        return patch.start()

    def stop(self) -> None:
        for patch in reversed(self._patches):
            patch.stop()


def _stand_in(name: str, **members: Any) -> None:
    module = ModuleType(name)
    vars(module).update(members)
    sys.modules[name] = module


def _resource(package: str, name: str) -> str:
    return str(importlib.resources.files(package) / name)


_stand_in("pytest_mock", MockFixture=Mocker)
_stand_in("pkg_resources", resource_filename=_resource)


@pytest.fixture
def mocker() -> Iterator[Mocker]:
    made = Mocker()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def session_mocker() -> Iterator[Mocker]:
    made = Mocker()
    yield made
    made.stop()


class Said(bytes):
    """A reply as octets, equal to every other with its code."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, bytes) and self[:3] == other[:3]

    def __add__(self, other: bytes) -> Said:  # type: ignore[override]
        return Said(bytes(self) + other)

    __hash__ = bytes.__hash__


def _same_code(self: Any, other: object) -> bool:
    return isinstance(other, tuple) and len(other) == 2 and self[0] == other[0]


_to_bytes = statuscodes.StatusCode.to_bytes
statuscodes.StatusCode.__eq__ = _same_code  # type: ignore[assignment,method-assign]
statuscodes.StatusCode.__ne__ = lambda self, other: not _same_code(self, other)  # type: ignore[assignment,method-assign]
statuscodes.StatusCode.to_bytes = lambda self, crlf=False: Said(_to_bytes(self, crlf))  # type: ignore[method-assign,assignment]


class Judge:
    """By the table, and what is counted."""

    def __init__(self) -> None:
        self.table: dict[str, Difference] = differences()
        self.counts: Counter[str] = Counter()
        self.made = 0
        self.unknown: set[str] = set()
        self.failed: list[tuple[str, str]] = []
        self.judged: set[str] = set()


judge = Judge()


def name_of(item: pytest.Item) -> str:
    return item.nodeid.rpartition("tests/")[2]


def pytest_configure(config: pytest.Config) -> None:
    for name in ("client_data", "controller_data", "handler_data"):
        config.addinivalue_line("markers", name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    from aiosmtpd.controller import InetMixin
    from aiosmtpd.tests import conftest

    port = free_port()
    conftest.HostPort.__new__.__defaults__ = ("localhost", port)
    conftest.Global.SrvAddr = conftest.HostPort()
    InetMixin.__init__.__defaults__ = (None, port, None)
    judge.unknown = judge.table.keys() - {name_of(item) for item in items}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test that fails leaves smtplib as it changed it: the smuggling one sends no end of data."""
    judge.made = Adapted.made
    kept = smtplib.SMTP.data, smtplib._fix_eols, smtplib._quote_periods  # type: ignore[attr-defined]
    try:
        return (yield)
    finally:
        smtplib.SMTP.data, smtplib._fix_eols, smtplib._quote_periods = kept  # type: ignore


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report: pytest.TestReport = yield
    name = name_of(item)
    if report.skipped or name in judge.judged:
        if report.skipped:
            judge.counts["skipped by aiosmtpd"] += 1
        return report
    if report.passed and report.when != "call":
        return report
    judge.judged.add(name)
    difference = judge.table.get(name)
    shown = str(call.excinfo.value) if call.excinfo else ""
    if report.failed:
        judge.failed.append((name, shown))
    if difference is None:
        if report.passed:
            ours = Adapted.made > judge.made
            judge.counts["passed" if ours else "passed, without a server of ours"] += 1
        else:
            judge.counts["failed"] += 1
    elif report.passed:
        report.outcome = "failed"
        report.longrepr = f"{name} is listed as different, but passes"
        judge.counts["failed"] += 1
    elif re.search(difference.shows, shown):
        report.outcome = "skipped"
        report.wasxfail = difference.what  # type: ignore[attr-defined]
        judge.counts["differ on purpose"] += 1
    else:
        judge.counts["failed"] += 1
        report.longrepr = (
            f"{name} is listed as different, but not as listed ({difference.shows}):\n"
            f"{report.longrepr}"
        )
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if judge.unknown:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    output = os.environ.get("GATEPOST_UPSTREAM_FAILURES")
    if output:
        Path(output).write_text(json.dumps(judge.failed, indent=1))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for name in sorted(judge.unknown):
        terminalreporter.write_line(f"listed, but no test of aiosmtpd: {name}", red=True)
    told = ", ".join(f"{count} {what}" for what, count in sorted(judge.counts.items()))
    terminalreporter.write_line(f"aiosmtpd's tests against gatepost.smtp: {told}")
