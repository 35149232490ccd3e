"""One emulated AWS a test process, back in its first state before every test."""

from collections.abc import Iterator
from typing import Any

import pytest

import emulators
from tests.integration.aws.cloud import Cloud


@pytest.fixture(scope="session")
def running() -> Iterator[Cloud]:
    with emulators.running(only=["aws"]) as info:
        yield Cloud(info)


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.control("POST", "/reset")
    return running


@pytest.fixture
def mm(cloud: Cloud) -> Any:
    return cloud.client("mailmanager")
