"""Libraries that not every worker needs, and when those are imported: together they take 8 of the
30 MB that a worker begins with.

What the documents name is imported at a start and at a reload, so that no message waits for it, and
one that cannot be imported ends the start. What only the mail itself can ask for, as a notice that
goes by MX does, is imported when it does so first; that it is there is made sure of here.
"""

from __future__ import annotations

import importlib
import importlib.util
from itertools import chain
from typing import Final

from gatepost.config.check import actions
from gatepost.config.values import Config
from gatepost.errors import ConfigError

_DNS: Final = "gatepost.dnspython"
# By what conditions need.
_CHECKS: Final = {
    "spf": "gatepost.verdicts.spf_check",
    "dkim": "gatepost.verdicts.dkim_check",
    "dmarc": "gatepost.verdicts.dmarc",
    "analysis": "gatepost.verdicts.analyzers",
}
_LIBRARIES: Final = ("dns", "httpx")


def named(config: Config) -> list[str]:
    """The modules that the documents ask for."""
    policies, rule_sets = config.traffic_policies.values(), config.rule_sets.values()
    all_needs = chain(*(it.needs for it in policies), *(it.needs for it in rule_sets))
    needs = {need.partition(":")[0] for need in all_needs}
    found = [module for need, module in _CHECKS.items() if need in needs]
    sends = any(
        action == "Send"
        for rule_set in rule_sets
        for _path, action, _parameters in actions(rule_set.document)
    )
    if sends and config.send_relay is None:
        found.append(_DNS)
    return found


def prepare(config: Config) -> None:
    """Imports them, which blocks. Raises ConfigError."""
    try:
        for module in named(config):
            importlib.import_module(module)
        for library in _LIBRARIES:
            if importlib.util.find_spec(library) is None:
                raise ModuleNotFoundError(f"No module named {library!r}")
    except ImportError as error:
        raise ConfigError(str(config.file), "", f"this installation is damaged: {error}") from error
