"""The emulated APIs answer Google's own client as the real ones do."""

import json
import smtplib
from email.message import EmailMessage

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

SCOPES = {
    "gmail": "https://www.googleapis.com/auth/gmail.readonly",
    "metadata": "https://www.googleapis.com/auth/gmail.metadata",
    "policies": "https://www.googleapis.com/auth/cloud-identity.policies.readonly",
    "reports": "https://www.googleapis.com/auth/admin.reports.audit.readonly",
}


def api(world, name, version, scope, subject=None, **changes):
    with open(world.env["GATEPOST_GOOGLE_CREDENTIALS"]) as file:
        account = json.load(file) | changes
    credentials = service_account.Credentials.from_service_account_info(
        account, scopes=[SCOPES.get(scope, scope)], subject=subject or world.admin
    )
    return build(
        name,
        version,
        credentials=credentials,
        static_discovery=True,
        cache_discovery=False,
        client_options={"api_endpoint": world.env["GATEPOST_GOOGLE_ENDPOINT"]},
    )


def deliver(world, rcpt_to="jane@example.com", number=1):
    message = EmailMessage()
    message["From"], message["To"] = "bob@gmail.com", rcpt_to
    message["Subject"], message["Message-ID"] = f"n{number}", f"<n{number}@gmail.com>"
    message.set_content("hello")
    with smtplib.SMTP(*world.smtp("google_direct")) as client:
        client.send_message(message)


def status(raised):
    return raised.value.status_code


def reason(raised):
    return json.loads(raised.value.content)["error"]["errors"][0]["reason"]


def test_a_message_is_found_by_its_id_and_read_in_every_format(world):
    deliver(world)
    messages = api(world, "gmail", "v1", "gmail", "jane@example.com").users().messages()
    found = messages.list(userId="me", q="rfc822msgid:<n1@gmail.com>").execute()["messages"]
    one = messages.get(userId="me", id=found[0]["id"], format="full").execute()
    assert one["payload"]["mimeType"] == "text/plain"
    assert one["labelIds"] == ["UNREAD", "INBOX"]
    headers = messages.get(
        userId="me", id=found[0]["id"], format="metadata", metadataHeaders=["Subject"]
    ).execute()["payload"]["headers"]
    assert headers == [{"name": "Subject", "value": "n1"}]
    assert "payload" not in messages.get(userId="me", id=one["id"], format="minimal").execute()
    assert messages.get(userId="me", id=one["id"], format="raw").execute()["raw"]


def test_spam_is_hidden_unless_it_is_asked_for(world):
    world.control("POST", "/google/tenant", {"spam": ["jane@example.com"]})
    deliver(world)
    messages = api(world, "gmail", "v1", "gmail", "jane@example.com").users().messages()
    assert "messages" not in messages.list(userId="me").execute()
    assert len(messages.list(userId="me", includeSpamTrash=True).execute()["messages"]) == 1


def test_messages_come_in_pages_newest_first(world):
    for number in range(5):
        deliver(world, number=number)
    messages = api(world, "gmail", "v1", "gmail", "jane@example.com").users().messages()
    request, seen = messages.list(userId="me", maxResults=2), []
    while request is not None:
        answer = request.execute()
        seen.append([one["id"] for one in answer.get("messages", [])])
        request = messages.list_next(request, answer)
    assert [len(page) for page in seen] == [2, 2, 1]
    ids = [one for page in seen for one in page]
    assert ids == sorted(ids, reverse=True)
    with pytest.raises(HttpError) as raised:
        messages.list(userId="me", maxResults=3, pageToken=answer_token(messages)).execute()
    assert status(raised) == 400


def answer_token(messages):
    return messages.list(userId="me", maxResults=2).execute()["nextPageToken"]


@pytest.mark.parametrize(
    ("arguments", "text"), [({"q": "rfc822msgid:a@b"}, "'q' parameter"), ({}, None)]
)
def test_the_metadata_scope_forbids_searching(world, arguments, text):
    messages = api(world, "gmail", "v1", "metadata", "jane@example.com").users().messages()
    if text is None:
        assert messages.list(userId="me", **arguments).execute()["resultSizeEstimate"] == 0
        return
    with pytest.raises(HttpError, match=text) as raised:
        messages.list(userId="me", **arguments).execute()
    assert status(raised) == 403


@pytest.mark.parametrize("shape", ["raw", "full"])
def test_the_metadata_scope_forbids_bodies(world, shape):
    deliver(world)
    messages = api(world, "gmail", "v1", "metadata", "jane@example.com").users().messages()
    found = messages.list(userId="me").execute()["messages"][0]["id"]
    with pytest.raises(HttpError, match=f"format {shape.upper()}") as raised:
        messages.get(userId="me", id=found, format=shape).execute()
    assert status(raised) == 403


def test_another_users_mailbox_is_denied(world):
    messages = api(world, "gmail", "v1", "gmail", "jane@example.com").users().messages()
    with pytest.raises(HttpError, match="Delegation denied") as raised:
        messages.list(userId="bob@example.com").execute()
    assert status(raised) == 403


def test_an_unknown_message_and_an_unknown_search_are_told(world):
    messages = api(world, "gmail", "v1", "gmail", "jane@example.com").users().messages()
    with pytest.raises(HttpError) as raised:
        messages.get(userId="me", id="00").execute()
    assert (status(raised), reason(raised)) == (404, "notFound")
    with pytest.raises(HttpError) as raised:
        messages.list(userId="me", q="from:bob").execute()
    assert status(raised) == 400


def test_a_scope_that_the_method_does_not_take_is_insufficient(world):
    with pytest.raises(HttpError, match="insufficient authentication scopes") as raised:
        api(world, "gmail", "v1", "policies").users().messages().list(userId="me").execute()
    assert (status(raised), reason(raised)) == (403, "insufficientPermissions")


@pytest.mark.parametrize(
    ("subject", "scope", "text"),
    [
        ("admin@elsewhere.org", "gmail", "invalid_grant"),
        (None, "https://www.googleapis.com/auth/drive", "unauthorized_client"),
    ],
)
def test_the_token_endpoint_refuses(world, subject, scope, text):
    with pytest.raises(RefreshError, match=text):
        api(world, "gmail", "v1", scope, subject).users().messages().list(userId="me").execute()


def test_a_foreign_key_gets_no_token(world):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    gmail = api(world, "gmail", "v1", "gmail", private_key=key.decode())
    with pytest.raises(RefreshError, match="Signature"):
        gmail.users().messages().list(userId="me").execute()


def test_tokens_end(world):
    gmail = api(world, "gmail", "v1", "gmail")
    gmail.users().messages().list(userId="me").execute()
    world.control("POST", "/clock", {"advance": 3601})
    # The client fetches another one on 401 and tries again.
    gmail.users().messages().list(userId="me").execute()
    world.control("POST", "/faults", {"service": "google", "code": "authError", "status": 401,
                                      "count": 5})  # fmt: skip
    with pytest.raises(HttpError) as raised:
        gmail.users().messages().list(userId="me").execute()
    assert status(raised) == 401


def policies(world, text, **options):
    listed = api(world, "cloudidentity", "v1", "policies").policies()
    answer = listed.list(filter=text, **options).execute()
    return [one["setting"]["type"] for one in answer.get("policies", [])]


GATEWAY = r"setting.type.matches('^settings/gmail\\..*gateway.*$')"


def test_the_policy_api_does_not_show_the_inbound_gateway_until_told(world):
    assert policies(world, GATEWAY) == ["settings/gmail.per_user_outbound_gateway"]
    world.control("POST", "/google/tenant", {"policy_api_shows_gateway": True})
    assert "settings/gmail.inbound_gateway" in policies(world, GATEWAY)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 6),
        (r"setting.type.matches('^.*\\.service_status$')", 2),
        ('customer == "customers/my_customer" && setting.type.matches("calendar")', 1),
        ('customer == "customers/C0other"', 0),
        (r"(setting.type.matches('calendar') || setting.type.matches('content_'))", 2),
    ],
)
def test_filters_of_policies(world, text, count):
    assert len(policies(world, text)) == count


@pytest.mark.parametrize(
    "text",
    [
        r"setting.type.matches('\.')",
        "setting.type == 'x'",
        "setting.type.matches('(')",
        "setting.type.matches('a') &&",
        "customer",
        "(",
        "'a'",
    ],
)
def test_bad_filters_of_policies(world, text):
    with pytest.raises(HttpError, match="filter") as raised:
        policies(world, text)
    assert status(raised) == 400


def test_only_the_administrator_reads_policies_and_the_log(world):
    with pytest.raises(HttpError) as raised:
        api(
            world, "cloudidentity", "v1", "policies", "jane@example.com"
        ).policies().list().execute()
    assert status(raised) == 403
    reports = api(world, "admin", "reports_v1", "reports", "jane@example.com").activities()
    with pytest.raises(HttpError) as raised:
        reports.list(userKey="all", applicationName="admin").execute()
    assert status(raised) == 401


def gateway(world, *ranges, **changes):
    setting = {"enabled": True, "gateway_ips": list(ranges), **changes}
    return world.control("PUT", "/google/gateway", setting)


def events(world, **options):
    activities = api(world, "admin", "reports_v1", "reports").activities()
    answer = activities.list(userKey="all", applicationName="admin", **options).execute()
    return [one["events"][0]["name"] for one in answer.get("items", [])]


def test_saving_the_gateway_writes_the_log_once_a_change(world):
    gateway(world, "206.55.129.0/24")
    gateway(world, "206.55.129.0/24")
    gateway(world, "206.55.129.0/24", require_tls=True)
    assert events(world) == ["CHANGE_GMAIL_SETTING", "CREATE_GMAIL_SETTING"]
    assert events(world, eventName="CREATE_GMAIL_SETTING") == ["CREATE_GMAIL_SETTING"]
    assert events(world, filters="SETTING_NAME==INBOUND_GATEWAY", maxResults=1) == [
        "CHANGE_GMAIL_SETTING"
    ]
    assert events(world, filters="SETTING_NAME==OTHER") == []


def test_the_log_lags(world):
    world.control("POST", "/google/tenant", {"audit_lag": 3600})
    gateway(world, "206.55.129.0/24")
    assert events(world) == []
    world.control("POST", "/clock", {"advance": 3601})
    assert events(world) == ["CREATE_GMAIL_SETTING"]


def test_history_ends_after_180_days(world):
    gateway(world, "206.55.129.0/24")
    world.control("POST", "/clock", {"advance": 181 * 86400})
    assert events(world) == []


def test_throttling_on_demand_uses_googles_form(world):
    world.control(
        "POST",
        "/faults",
        {
            "service": "google",
            "operation": "cloudidentity.policies.list",
            "status": 429,
            "code": "rateLimitExceeded",
            "message": "Quota exceeded",
        },
    )
    with pytest.raises(HttpError, match="Quota exceeded") as raised:
        policies(world, "")
    assert (status(raised), reason(raised)) == (429, "rateLimitExceeded")
    assert len(policies(world, "")) == 6


def test_parameters_are_checked_by_googles_description(world):
    import requests

    url = world.env["GATEPOST_GOOGLE_ENDPOINT"]
    assert requests.get(f"{url}/v1/policies", timeout=10).status_code == 401
    assert requests.get(f"{url}/v1/nothing", timeout=10).status_code == 404
    assert requests.post(f"{url}/v1/policies", timeout=10).status_code == 405
    assert requests.post(f"{url}/token", timeout=10).json()["error"] == "unsupported_grant_type"
    token = api(world, "cloudidentity", "v1", "policies")._http.credentials
    import google.auth.transport.requests

    token.refresh(google.auth.transport.requests.Request())
    headers = {"Authorization": f"Bearer {token.token}"}
    for query in ("colour=red", "pageSize=many"):
        answer = requests.get(f"{url}/v1/policies?{query}", headers=headers, timeout=10)
        assert answer.status_code == 400, query
        assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        ("/google/gateway", {"enabled": "yes"}, "enabled"),
        ("/google/tenant", {"domain": []}, "domain"),
        ("/google/tenant", {"audit_lag": -1}, "audit_lag"),
    ],
)
def test_control_refuses_bad_input(world, path, body, word):
    import requests

    answer = requests.post(world.info["control"] + path, json=body, timeout=10)
    assert answer.status_code == 400
    assert word in answer.json()["error"]
