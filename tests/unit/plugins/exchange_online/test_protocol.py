"""Replies as data: what each means, and which may be taken for "there is none" (one kind only)."""

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, ServiceError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import protocol
from hypothesis import given
from hypothesis import strategies as st

ENDPOINT = "https://exchange.example"
CASES = yaml.safe_load((Path(__file__).parent / "replies.yaml").read_text())


def reply(case):
    content = b"\0" * case["nul"] if "nul" in case else case.get("text", "").encode()
    body = case.get("body")
    if "inner" in case:
        kind, told = case["inner"]
        inner = {"internalexception": {"type": kind, "message": told}}
        body = {"error": {"code": "BadRequest", "message": "generic", "innererror": inner}}
    if body is not None:
        content = json.dumps(body).encode()
    return protocol.Reply(case.get("status", 200), case.get("headers", {}), content)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_reply_means(case):
    cmdlet = case.get("cmdlet", "Get-InboundConnector")
    if "error" in case:
        kind, told = case["error"]
        with pytest.raises(ServiceError) as caught:
            protocol.read(cmdlet, reply(case), ENDPOINT)
        assert type(caught.value).__name__ == kind
        assert told in str(caught.value)
        assert str(caught.value).startswith(cmdlet)
        assert getattr(caught.value, "after", None) == case.get("after")
    else:
        page = protocol.read(cmdlet, reply(case), ENDPOINT)
        assert page.values == case["values"]
        assert page.following == case.get("following")
        assert list(page.warnings) == case.get("warnings", [])


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_bytes_from_a_server_mean_absent_or_crash(status, content):
    try:
        page = protocol.read("Get-X", protocol.Reply(status, {}, content), ENDPOINT)
    except NotFound:
        assert status == 400
        assert b"ManagementObjectNotFoundException" in content
    except ServiceError:
        pass
    else:
        assert 200 <= status < 300
        assert isinstance(json.loads(content)["value"], list)
        assert all(isinstance(one, dict) for one in page.values)


def test_a_request():
    body = protocol.body("Set-X", {"Identity": "Default", "IPAllowList": [], "Comment": None})
    parameters = {"Identity": "Default", "IPAllowList": []}
    assert body == {"CmdletInput": {"CmdletName": "Set-X", "Parameters": parameters}}
    assert protocol.body("Get-X", {})["CmdletInput"]["Parameters"] == {}
    sent = protocol.headers("Get-X", "t-1", "secret", "r-1")
    assert sent["X-AnchorMailbox"].endswith("@t-1")
    assert sent["Authorization"] == "Bearer secret"
    assert protocol.url(ENDPOINT, "t-1") == f"{ENDPOINT}/adminapi/beta/t-1/InvokeCommand"


def test_a_merge_names_only_what_changes():
    assert protocol.merge(["a"], ["b"]) == {
        "@odata.type": "#Exchange.GenericHashTable",
        "Add": ["a"],
        "Remove": ["b"],
    }
    assert "Remove" not in protocol.merge(["a"])
