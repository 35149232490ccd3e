"""Reading mailboxes through Graph, as the modules' own client does and strictly besides."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import main
from microsoft_world import GRAPH
from microsoft_world.mail import MESSAGE, send


def options(world):
    return {
        "tenant_id": world.tenant,
        "client_id": world.client_id,
        "client_secret": world.env["GATEPOST_M365_CLIENT_SECRET"],
        "certificate_file": None,
        "managed_identity": False,
        "cloud": "global",
        "authority": world.env["GATEPOST_M365_AUTHORITY"],
        "graph_endpoint": world.env["GATEPOST_M365_GRAPH_ENDPOINT"],
        "ca_file": world.info["ca"],
    }


def get(world, path, query=None, *, method="GET", **headers):
    token = world.sign_in(GRAPH)["access_token"]
    return world.session().request(
        method,
        world.env["GATEPOST_M365_GRAPH_ENDPOINT"] + path,
        params=query,
        headers={"Authorization": f"Bearer {token}", **headers},
        timeout=10,
    )


def code(answer):
    return answer.status_code, answer.json()["error"]["code"]


def test_a_message_is_found_and_read_byte_for_byte(world):
    graph = main.graph(options(world))
    assert graph.find_message("jane@acme.com", "<m1@gmail.com>") is None
    send(world, message=MESSAGE + b".\r\n8 bit \xe9\r\n")
    raw = graph.find_message("Jane@acme.com", "m1@gmail.com")
    assert raw.endswith(b"\r\n\r\nbody\r\n.\r\n8 bit \xe9\r\n")
    assert raw.startswith(b"Received: from ")
    assert graph.find_message("joe@acme.com", "m1@gmail.com") is None


def test_a_list_has_what_was_selected(world):
    send(world)
    path = "/v1.0/users/jane@acme.com/messages"
    (whole,) = get(world, path).json()["value"]
    assert whole["subject"] == "hi"
    assert whole["from"]["emailAddress"] == {"name": "Bob", "address": "bob@gmail.com"}
    assert "internetMessageHeaders" not in whole
    (chosen,) = get(world, path, {"$select": "internetMessageHeaders"}).json()["value"]
    assert set(chosen) == {"id", "internetMessageHeaders"}
    assert {"name": "Subject", "value": "hi"} in chosen["internetMessageHeaders"]
    one = get(world, f"{path}/{whole['id']}", {"$select": "subject"}).json()
    assert one == {"id": whole["id"], "subject": "hi"}


def test_junk_is_in_its_own_folder(world):
    world.control("POST", "/mail/senders", {"gmail.com": {"spf": ["192.0.2.1"], "dmarc": "reject"}})
    send(world)

    def count(path):
        return len(get(world, f"/v1.0/users/jane@acme.com/{path}").json()["value"])

    assert count("messages") == 1
    assert count("mailFolders/junkemail/messages") == 1
    assert count("mailFolders/inbox/messages") == 0


def test_pages_and_times(world):
    for number in range(5):
        send(world, message=MESSAGE.replace(b"m1@", b"m%d@" % number))
    path = "/v1.0/users/jane@acme.com/messages"
    query = {"$top": "2", "$select": "internetMessageId", "$count": "true"}
    ids, answer = [], get(world, path, query).json()
    assert answer["@odata.count"] == 5
    while True:
        ids += [one["internetMessageId"] for one in answer["value"]]
        if "@odata.nextLink" not in answer:
            break
        link = answer["@odata.nextLink"].removeprefix(world.info["graph"])
        answer = get(world, link).json()
    assert ids == [f"<m{number}@gmail.com>" for number in (4, 3, 2, 1, 0)]
    late = {"$filter": "receivedDateTime ge 2099-01-01T00:00:00Z"}
    assert get(world, path, late).json()["value"] == []


def test_mail_may_take_its_time(world):
    world.control("POST", "/exchange/organization", {"mail_lag": 60})
    send(world)
    path = "/v1.0/users/jane@acme.com/messages"
    assert get(world, path).json()["value"] == []
    world.control("POST", "/clock", {"advance": 61})
    assert len(get(world, path).json()["value"]) == 1


@pytest.mark.parametrize(
    ("permissions", "list_status", "value_status"),
    [(["Mail.Read"], 200, 200), (["Mail.ReadBasic.All"], 200, 403), (["User.Read.All"], 403, 403)],
)
def test_permissions_are_asked_for(world, permissions, list_status, value_status):
    send(world)
    path = "/v1.0/users/jane@acme.com/messages"
    identifier = get(world, path).json()["value"][0]["id"]
    world.control("POST", "/login/application", {"permissions": permissions})
    listed = get(world, path)
    assert listed.status_code == list_status
    if permissions == ["Mail.ReadBasic.All"]:
        assert "body" not in listed.json()["value"][0]
        assert get(world, path, {"$select": "body"}).status_code == 403
    assert get(world, f"{path}/{identifier}/$value").status_code == value_status


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/v1.0/users/jane@example.org/messages", {}, (404, "ErrorInvalidUser")),
        ("/v1.0/users/jane@acme.com/messages/AAMkADxx", {}, (404, "ErrorItemNotFound")),
        ("/v1.0/users/jane@acme.com/messages/xx", {}, (400, "ErrorInvalidIdMalformed")),
        ("/v1.0/users/jane@acme.com/contacts", {}, (400, "BadRequest")),
        ("/beta/users/jane@acme.com/messages", {}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", {"$search": '"x"'}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", {"$select": "secret"}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", {"$top": "0"}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", {"$filter": "subject eq 'x'"}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", {"$filter": ""}, (400, "BadRequest")),
        (
            "/v1.0/users/jane@acme.com/messages",
            {"$filter": "internetMessageId eq 'x' or 1 eq 1"},
            (400, "BadRequest"),
        ),
        ("/v1.0/users/jane@acme.com/messages", {"$orderby": "subject"}, (400, "BadRequest")),
        ("/v1.0/users/jane@acme.com/messages", [("$top", "1"), ("$top", "2")], (400, "BadRequest")),
    ],
)
def test_what_is_wrong_is_said(world, path, query, expected):
    assert code(get(world, path, query)) == expected


def test_a_quote_in_an_id_is_doubled(world):
    send(world, message=MESSAGE.replace(b"m1@gmail", b"o'neil@gmail"))
    found = main.graph(options(world)).find_message("jane@acme.com", "o'neil@gmail.com")
    assert found is not None


def test_tokens_are_judged(world):
    path = "/v1.0/users/jane@acme.com/messages"
    other = world.sign_in()["access_token"]
    wrong = get(world, path, Authorization=f"Bearer {other}")
    assert code(wrong) == (401, "InvalidAuthenticationToken")
    assert get(world, path, Authorization="").status_code == 401
    assert get(world, path, method="POST").status_code == 405


def test_a_fault_is_met(world):
    fault = {"service": "graph", "operation": "messages.list", "code": "ApplicationThrottled"}
    world.control("POST", "/faults", {**fault, "status": 429, "retry_after": 3})
    answer = get(world, "/v1.0/users/jane@acme.com/messages")
    assert code(answer) == (429, "ApplicationThrottled")
    assert answer.headers["Retry-After"] == "3"
