"""Address lists: the files that the bindings name, as conditions look them up.

A file has an entry a line, as `policy.addresslist` reads it; blank lines and lines that begin with
# are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.config import document
from gatepost.config.values import Config
from gatepost.errors import ConfigError
from gatepost.policy import documents
from gatepost.policy.addresslist import AddressList


def read(config: Config) -> dict[str, AddressList]:
    """Every bound list that a document names, by the spelling there. Raises ConfigError."""
    by_key: dict[str, AddressList] = {}
    found: dict[str, AddressList] = {}
    for spelling in _named(config):
        key = bound(config, spelling)
        if key is not None:
            if key not in by_key:
                by_key[key] = _read(config, key)
            found[spelling] = by_key[key]
    return found


def bound(config: Config, spelling: str) -> str | None:
    """The key of a list's binding: the spelling, or the id that an ARN ends with."""
    keys = (spelling, spelling.rpartition("/")[2])
    return next((key for key in keys if key in config.address_lists), None)


def _named(config: Config) -> Iterator[str]:
    named = [
        *(each.document for each in config.traffic_policies.values()),
        *(each.document for each in config.rule_sets.values()),
    ]
    for each in named:
        for reference in documents.references(each):
            if reference.what == "address_list":
                yield reference.spelling


def _read(config: Config, key: str) -> AddressList:
    file = config.address_lists[key]
    path = f"bindings.address_lists.{key}.file"
    try:
        lines = [line.strip() for line in document.read(file).splitlines()]
    except ConfigError as error:
        raise ConfigError(str(config.file), path, str(error)) from error
    try:
        return AddressList(line for line in lines if _counts(line))
    except ValueError:
        # Without the line itself: it may be of a file that is no list, and holds a secret.
        number = next(number for number, line in enumerate(lines, 1) if not _fits(line))
        reason = f"{file}: line {number} is neither an address nor a pattern such as *.example.com"
        raise ConfigError(str(config.file), path, reason) from None


def _counts(line: str) -> bool:
    return line != "" and not line.startswith("#")


def _fits(line: str) -> bool:
    try:
        AddressList([line] if _counts(line) else [])
    except ValueError:
        return False
    return True
