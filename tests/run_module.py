"""Runs a module as on a host, but in this process."""

import contextlib
import importlib
import io
import json

import pytest
from ansible.module_utils.testing import patch_module_args

MODULES = "ansible_collections.gatepost.mail.plugins.modules"


def printed(module, /, *, check=False, **options):
    """What the module prints before it exits."""
    text = io.StringIO()
    options |= {"_ansible_check_mode": check, "_ansible_diff": True}
    with (
        patch_module_args(options),
        contextlib.redirect_stdout(text),
        pytest.raises(SystemExit),
    ):
        importlib.import_module(f"{MODULES}.{module}").main()
    return text.getvalue()


def run(module, /, *, check=False, **options):
    """The module's result."""
    return json.loads(printed(module, check=check, **options))


def refused(module, /, **options):
    """Why the module fails."""
    done = run(module, **options)
    assert done.get("failed"), done
    assert "Traceback" not in done["msg"]
    return done["msg"]
