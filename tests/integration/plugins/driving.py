"""Modules run as on a host, but in this process, with the real boto3, against the emulator.

A client is made once for each service, region and endpoint and kept for the process: making one
takes longer than all calls of a run together, and a client holds no state between calls.
"""

import contextlib
import functools
import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar
from unittest import mock

import botocore.client
from ansible_collections.amazon.aws.plugins.module_utils import modules as amazon
from run_module import Service, run

T = TypeVar("T")


class Call(NamedTuple):
    service: str
    operation: str

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def writes(self) -> bool:
        return not self.operation.startswith(("Get", "List", "Describe"))


class Aws(Service):
    """The emulated AWS: run modules on it, ask what was called, make calls fail."""

    def __init__(self, control: str) -> None:
        self._control = control

    def run(self, module: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        return run(module, check=check, verbosity=3, **options)

    def calls(self) -> dict[str, int]:
        counted = self._ask("GET", "/aws/calls")
        return counted["reads"] | counted["writes"]

    def writes(self) -> dict[str, int]:
        return self._ask("GET", "/aws/calls")["writes"]

    def forget_calls(self) -> None:
        self._ask("DELETE", "/aws/calls")

    def record(self, run: Callable[[], T]) -> tuple[T, list[Call]]:
        """What a run returns, and the calls that it makes, in their order."""
        made: list[Call] = []
        call: Callable[..., Any] = botocore.client.BaseClient._make_api_call

        def note(client: Any, operation: str, request: Any) -> Any:
            made.append(Call(client.meta.service_model.service_name, operation))
            return call(client, operation, request)

        with mock.patch.object(botocore.client.BaseClient, "_make_api_call", note):
            return run(), made

    def fault(self, **fault: Any) -> None:
        self._ask("POST", "/faults", fault)

    def forget_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def reset(self) -> None:
        self._ask("POST", "/reset")
        self._ask(
            "POST", "/aws/timing", {"provisioning": 0.1, "updating": 0.1, "deprovisioning": 0.1}
        )

    def keep(self, name: str) -> None:
        """Remember everything that there is."""
        self._ask("POST", "/aws/keep", {"name": name})

    def restore(self, name: str) -> None:
        """Return to it, in less time than it takes to make it anew."""
        self._ask("POST", "/aws/restore", {"name": name})

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """What the control endpoint can do besides."""
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            self._control + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@contextlib.contextmanager
def kept_clients() -> Iterator[None]:
    """amazon.aws makes a client for every module; within this, one for each way to make it."""
    made: dict[str, Any] = {}
    connect: Callable[..., Any] = amazon.boto3_conn

    @functools.wraps(connect)
    def keep(module: Any, **how: Any) -> Any:
        where = {name: os.environ[name] for name in os.environ if name.startswith("AWS_")}
        key = repr((sorted(how.items()), sorted(where.items())))
        if key not in made:
            made[key] = connect(module, **how)
        return made[key]

    with mock.patch.object(amazon, "boto3_conn", keep):
        yield
