"""Errors that a person can mend, told in one line that names the place and the reason."""

from __future__ import annotations


class GatepostError(Exception):
    """Base of every error that a command reports as one line, without a traceback."""


class ConfigError(GatepostError):
    """The daemon's file, or a file that it names, is wrong.

    file: the file at fault. path: where in it, for example "relays[0].ServerPort", "" for the
    whole. reason: one clause.
    """

    def __init__(self, file: str, path: str, reason: str) -> None:
        self.file = file
        self.path = path
        self.reason = reason
        where = f"{file}: {path}" if path else file
        super().__init__(f"{where}: {reason}")
