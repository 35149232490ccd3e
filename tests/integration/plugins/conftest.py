"""One emulated AWS a test process, back in its first state before every test."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import retry, waiters

import emulators.frame
from tests.integration.plugins.driving import Aws, kept_clients


@pytest.fixture(scope="session")
def emulated():
    with emulators.frame.running(only=["aws"]) as info, kept_clients():
        yield info


@pytest.fixture
def aws(emulated, monkeypatch):
    for name, value in emulated["env"].items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(waiters, "FIRST_PAUSE", 0.05)
    made = Aws(emulated["control"])
    made.reset()
    return made
