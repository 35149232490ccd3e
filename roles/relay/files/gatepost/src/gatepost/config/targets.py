"""Whether what the actions of the documents are aimed at is there: bound, and, as far as this host
can tell beforehand, usable. Raises ConfigError."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any, Final

from gatepost.actions.values import Maildir
from gatepost.config.sites import BOUND, MAILBOXES
from gatepost.config.values import Config
from gatepost.errors import ConfigError

_AWS: Final = ("WriteToS3", "PublishToSns", "InvokeLambda")


def check_action(config: Config, path: str, action: str, parameters: Any) -> None:
    """path: of the action in the file."""
    if action in _AWS:
        _aws(config, path, action, parameters)
    if action not in BOUND:
        return
    member, kind = BOUND[action]
    target = parameters[member]
    archive = kind == "archive"
    known = target in config.archives if archive else f"{kind}:{target}" in config.mailboxes
    if not known:
        section = "archives" if archive else MAILBOXES[kind]
        reason = f"{target} is not bound: name it under bindings.{section}"
        raise ConfigError(str(config.file), f"{path}.{member}", reason)


def check_folders(config: Config) -> None:
    """Of archives and Maildirs; each must be there, so that a disk that is not mounted is not
    written beside."""
    for archive in config.archives.values():
        _folder(config, f"bindings.archives.{archive.name}.path", archive.path)
    for mailbox in config.mailboxes.values():
        if isinstance(mailbox.site, Maildir):
            kind, _colon, name = mailbox.destination.partition(":")
            _folder(config, f"bindings.{MAILBOXES[kind]}.{name}.maildir", mailbox.site.root)
    credentials = config.aws.credentials_file
    if credentials is not None and not os.access(credentials, os.R_OK):
        reason = f"{credentials}: is not there, or this user may not read it"
        raise ConfigError(str(config.file), "aws.credentials_file", reason)


def _aws(config: Config, path: str, action: str, parameters: Any) -> None:
    if importlib.util.find_spec("boto3") is None:
        raise ConfigError(str(config.file), path, "needs boto3: install gatepost[aws]")
    arn = parameters.get("TopicArn") or parameters.get("FunctionArn") or ""
    if config.aws.region is None and not arn.startswith("arn:"):
        raise ConfigError(
            str(config.file), "aws.region", f"is missing; {action} in {path} needs it"
        )


def _folder(config: Config, path: str, folder: Path) -> None:
    if not folder.is_dir():
        raise ConfigError(str(config.file), path, f"{folder}: is not a directory")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        reason = f"{folder}: cannot be read and written by this user"
        raise ConfigError(str(config.file), path, reason)
