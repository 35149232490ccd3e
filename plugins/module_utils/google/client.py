# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only I/O with Google: the Policy API, the Reports API and Gmail, read with its own client.

Needs google-auth and google-api-python-client. Every failure is a GoogleFailure that names the
call, the status and Google's reason; none is taken for "there is nothing". Credentials are a
service account's file with domain-wide delegation; nothing of it appears in a message.
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ansible_collections.gatepost.mail.plugins.module_utils.errors import BadOption, GatepostError
from ansible_collections.gatepost.mail.plugins.module_utils.google.evidence import (
    EVENTS,
    POLICY_FILTER,
)

try:
    import httplib2
    from googleapiclient import discovery
    from googleapiclient import errors as api_errors

    from google.auth import exceptions as auth_errors
    from google.oauth2 import service_account

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()

REQUIREMENTS = "google-auth and google-api-python-client"
_SCOPES = "https://www.googleapis.com/auth/"
POLICIES_SCOPE = _SCOPES + "cloud-identity.policies.readonly"
REPORTS_SCOPE = _SCOPES + "admin.reports.audit.readonly"
GMAIL_SCOPE = _SCOPES + "gmail.readonly"
# Throttling and outages of Google's side, with exponential backoff and jitter by the client.
_RETRIES = 3


class GoogleFailure(GatepostError):
    """A call to Google failed: nothing is known about what it was to read."""


@dataclass(frozen=True)
class Access:
    """credentials_file: a service account's JSON. endpoint: a server that is not Google's."""

    credentials_file: str
    endpoint: str | None = None

    def service(self, name: str, version: str, subject: str, scope: str) -> Any:
        """Google's client for an API, acting as `subject`. Raises GoogleFailure, BadOption."""
        if IMPORT_ERROR is not None:
            raise GoogleFailure(f"the libraries {REQUIREMENTS} are not installed")
        try:
            credentials = service_account.Credentials.from_service_account_file(
                self.credentials_file, scopes=[scope], subject=subject
            )
        except (OSError, ValueError, KeyError, auth_errors.GoogleAuthError) as error:
            # The text of a parser's error may quote the file; only its kind is told.
            reason = error.strerror if isinstance(error, OSError) else "not a service account file"
            raise BadOption("credentials_file", f"{self.credentials_file}: {reason}") from None
        options = {"api_endpoint": self.endpoint} if self.endpoint else None
        return discovery.build(
            name,
            version,
            credentials=credentials,
            static_discovery=True,
            cache_discovery=False,
            client_options=options,
        )


def list_policies(access: Access, admin: str) -> list[dict[str, Any]]:
    """cloudidentity.policies.list of the Gmail settings that have `gateway` in their type."""
    policies = access.service("cloudidentity", "v1", admin, POLICIES_SCOPE).policies()
    first = policies.list(filter=POLICY_FILTER, pageSize=100)
    return list(_items("cloudidentity.policies.list", first, policies.list_next, "policies"))


def list_gmail_events(access: Access, admin: str, since: datetime) -> list[dict[str, Any]]:
    """reports.activities.list: the administrators' changes of Gmail settings since then."""
    activities = access.service("admin", "reports_v1", admin, REPORTS_SCOPE).activities()
    start = since.isoformat(timespec="seconds").replace("+00:00", "Z")
    found: list[dict[str, Any]] = []
    for event in EVENTS:
        options = {"filters": "APPLICATION_NAME==Gmail"} if "APPLICATION" in event else {}
        first = activities.list(
            userKey="all", applicationName="admin", eventName=event, startTime=start, **options
        )
        call = f"reports.activities.list of {event}"
        found += _items(call, first, activities.list_next, "items")
    return found


def find_message(access: Access, mailbox: str, message_id: str) -> bytes | None:
    """A delivered message by its Message-ID, spam and trash included; None while there is none.

    Of several with the same Message-ID, the newest.
    """
    messages = access.service("gmail", "v1", mailbox, GMAIL_SCOPE).users().messages()
    query = f"rfc822msgid:{message_id.strip('<> ')}"
    listed = _call(
        "gmail.users.messages.list",
        messages.list(userId="me", q=query, includeSpamTrash=True).execute,
    )
    if not listed.get("messages"):
        return None
    newest = listed["messages"][0]["id"]
    read = _call(
        "gmail.users.messages.get", messages.get(userId="me", id=newest, format="raw").execute
    )
    return base64.urlsafe_b64decode(read["raw"])


def _items(
    call: str, request: Any, following: Callable[[Any, Any], Any], member: str
) -> Iterator[dict[str, Any]]:
    while request is not None:
        answer = _call(call, request.execute)
        yield from answer.get(member, [])
        request = following(request, answer)


def _call(name: str, execute: Callable[..., Any]) -> Any:
    try:
        return execute(num_retries=_RETRIES)
    except api_errors.HttpError as error:
        raise GoogleFailure(f"{name}: HTTP {error.status_code}: {error.reason}") from None
    except auth_errors.RefreshError as error:
        raise GoogleFailure(f"{name}: no access token: {error.args[0]}") from None
    except (auth_errors.GoogleAuthError, httplib2.HttpLib2Error, OSError) as error:
        raise GoogleFailure(f"{name}: {type(error).__name__}: {error}") from None
