# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys that Mail Manager's resources are encrypted with, as options name them.

The API takes the ARN of a key or of an alias; an option may also be the key's id or `alias/NAME`.
Compared and sent is the key's own ARN, which an alias may be moved away from.
"""

from __future__ import annotations

import re

from ansible_collections.gatepost.mail.plugins.module_utils.aws import kms
from ansible_collections.gatepost.mail.plugins.module_utils.aws import options as given
from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Services
from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption

_ID = re.compile(r"(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.ASCII)
_ALIAS = re.compile(r"alias/[A-Za-z0-9/_-]{1,250}", re.ASCII)
_OF_A_KEY = re.compile(r"arn:[^:]+:kms:[^:]+:[^:]+:key/.+")


def reference(option: str, value: object) -> str:
    """A key's ARN, alias ARN, alias or id. Pure. Raises BadOption."""
    text = str(value)
    if text.startswith("arn:"):
        return str(given.shaped("KmsKeyArn", option, text))
    if not (_ID.fullmatch(text) or _ALIAS.fullmatch(text)):
        raise BadOption(option, f"is neither an ARN, nor alias/NAME, nor a key's id: {text}")
    return text


def resolved(option: str, spelling: str, services: Services) -> tuple[str, tuple[str, ...]]:
    """The key's ARN, or what is missing. A key's ARN is taken as it is, without a call."""
    if _OF_A_KEY.fullmatch(spelling):
        return spelling, ()
    key = kms.describe(services["kms"], spelling)
    if key is None:
        return spelling, (f"{option}: there is no key {spelling}",)
    return key.arn, ()
