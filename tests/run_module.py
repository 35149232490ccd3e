"""Runs a module as on a host, but in this process."""

import contextlib
import importlib
import io
import json
from typing import Any

import pytest
from ansible.module_utils.common import warnings
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.gatepost.mail.plugins.modules"


def printed(module: str, /, *, check: bool = False, verbosity: int = 0, **options: Any) -> str:
    """What the module prints before it exits. A traceback in it is a failure of the test."""
    text = io.StringIO()
    # A module warns once for its process, which is not ours to end.
    warnings._global_warnings.clear()
    options |= {
        "_ansible_check_mode": check,
        "_ansible_diff": True,
        "_ansible_verbosity": verbosity,
    }
    with (
        patch_module_args(options),
        contextlib.redirect_stdout(text),
        pytest.raises(SystemExit),
    ):
        importlib.import_module(f"{MODULES}.{module}").main()
    return text.getvalue()


def run(module: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
    """The module's result."""
    return json.loads(printed(module, check=check, **options))


def failure(done: dict[str, Any]) -> str:
    """Why the module failed, as its result says."""
    assert done.get("failed"), done
    assert "Traceback" not in done["msg"]
    return done["msg"]


def refused(module: str, /, **options: Any) -> str:
    """Why the module fails."""
    return failure(run(module, **options))


class Service:
    """An emulated service that modules run on, and that counts their calls."""

    def run(self, module: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        return run(module, check=check, **options)

    def writes(self) -> dict[str, int]:
        """Writing calls since they were forgotten, by operation."""
        raise NotImplementedError

    def forget_calls(self) -> None:
        raise NotImplementedError

    def apply(self, module: str, /, **options: Any) -> dict[str, Any]:
        """Predict, run, run again: the prediction holds, and the second run writes nothing."""
        self.forget_calls()
        predicted = self.run(module, check=True, **options)
        assert not predicted.get("failed"), predicted["msg"]
        assert self.writes() == {}, "check mode must not write"
        done = self.run(module, **options)
        assert not done.get("failed"), done["msg"]
        assert predicted["changed"] == done["changed"]
        assert predicted["diff"] == done["diff"]
        self.forget_calls()
        again = self.run(module, **options)
        assert again["changed"] is False, again["diff"]
        assert self.writes() == {}, "a second run must not write"
        return done

    def refuse(self, module: str, /, **options: Any) -> str:
        """Why the module fails."""
        return failure(self.run(module, **options))
