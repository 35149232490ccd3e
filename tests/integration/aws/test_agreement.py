"""The emulator and the AWS CLI take and refuse the same requests, generated from the model.

Raw requests go past every client-side check: what the model allows is never refused for its form,
what it does not allow always is. The aws command, run in this process, ends the same way for both,
whether it refuses a request itself or hears so from the service.
"""

import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from emulators.aws import validation
from tests.integration.aws.cloud import Cloud
from tests.unit.emulators.aws.generated import Spoiled, spoiled, variants

MODEL = validation.service_model("mailmanager")
# The service's sentence for what the model does not allow; other refusals follow from the state.
BY_THE_MODEL = "validation error"
# Wrong requests an operation that go through the command, which takes its time.
_WRONG = 2
SIGNED = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/ses/aws4_request, Signature=x"


def shape(operation: str) -> Any:
    return MODEL.operation_model(operation).input_shape


def wrong(operation: str, seen: set[tuple[str, str]]) -> Iterator[Spoiled]:
    for request in variants(shape(operation)):
        yield from spoiled(shape(operation), request, seen)


def raw(cloud: Cloud, operation: str, request: Any) -> tuple[int, str]:
    headers = {
        "X-Amz-Target": f"MailManagerSvc.{operation}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": SIGNED,
    }
    call = urllib.request.Request(cloud.info["aws"], json.dumps(request).encode(), headers)
    try:
        with urllib.request.urlopen(call, timeout=10) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()).get("Message", "")


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_what_the_model_allows_is_not_refused_for_its_form(cloud: Cloud, operation: str) -> None:
    for request in variants(shape(operation)):
        status, message = raw(cloud, operation, request)
        assert status < 500
        assert BY_THE_MODEL not in message


def test_what_the_model_does_not_allow_is_refused(cloud: Cloud) -> None:
    seen: set[tuple[str, str]] = set()
    for operation in MODEL.operation_names:
        for one in wrong(operation, seen):
            status, message = raw(cloud, operation, one.request)
            assert (status, BY_THE_MODEL in message) == (400, True), (operation, one)
    assert cloud.control("GET", "/state")["aws"]["mailmanager"] == []


class Command:
    """The aws command, in this process: an interpreter a request would take a minute."""

    def __init__(self, directory: Path, capture: pytest.CaptureFixture[str]) -> None:
        self._file = directory / "request.json"
        self._capture = capture
        self._driver = create_clidriver()

    def run(self, operation: str, request: Any) -> str:
        """What it complains of; empty when the request was taken."""
        self._file.write_text(json.dumps(request))
        code = self._driver.main(
            ["mailmanager", operation, "--cli-input-json", f"file://{self._file}"]
        )
        output = self._capture.readouterr()
        return output.err if code else ""


@pytest.fixture
def command(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    for name, value in cloud.info["env"].items():
        monkeypatch.setenv(name, value)
    # One attempt: some answers of the service would be tried again.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_PAGER", "")
    return Command(tmp_path, capsys)


def by_form(complaint: str) -> bool:
    """Whether the request was refused for its form, by the command or by the service."""
    return BY_THE_MODEL in complaint or "Parameter validation failed" in complaint


def chosen() -> list[tuple[str, list[Spoiled]]]:
    """A few wrong requests an operation, of the constraints that were broken least so far."""
    used: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    found = []
    for operation in MODEL.operation_names:
        # The command reads its input as an object, and takes nothing else for one.
        these = [one for one in wrong(operation, seen) if isinstance(one.request, dict)]
        picked: dict[str, Spoiled] = {}
        for one in sorted(these, key=lambda one: used[one.constraint]):
            picked.setdefault(one.constraint, one)
        few = list(picked.values())[:_WRONG]
        used.update(one.constraint for one in few)
        found.append((operation, few))
    return found


CASES = chosen()


@pytest.mark.parametrize(("operation", "wrong_ones"), CASES, ids=[case[0] for case in CASES])
def test_the_command_ends_the_same_way(
    command: Command, operation: str, wrong_ones: list[Spoiled]
) -> None:
    name = _hyphenated(operation)
    complaint = command.run(name, variants(shape(operation))[0])
    assert not by_form(complaint), complaint
    for one in wrong_ones:
        complaint = command.run(name, one.request)
        assert by_form(complaint), (one, complaint)


def test_the_command_meets_every_constraint() -> None:
    met = Counter(one.constraint for _, few in CASES for one in few)
    assert set(met) >= {"type", "required", "unknown", "union", "min", "max", "enum", "pattern"}


def _hyphenated(operation: str) -> str:
    return "".join(f"-{one.lower()}" if one.isupper() else one for one in operation).lstrip("-")
