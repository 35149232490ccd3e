"""The InvokeCommand protocol: who is let in, what an answer looks like, and what goes wrong."""

import json

import pytest


def error(answer):
    document = answer.json()["error"]
    return document["innererror"]["internalexception"]


def test_a_read_is_noisy_with_type_notes(world):
    answer = world.invoke("Get-HostedConnectionFilterPolicy", {"Identity": "Default"})
    assert answer.status_code == 200
    (policy,) = answer.json()["value"]
    assert policy["IPAllowList@odata.type"] == "#Collection(String)"
    assert policy["Guid@data.type"] == "System.Guid"
    assert policy["IPAllowList"] == []


def test_a_write_answers_an_empty_body(world):
    parameters = {"Identity": "Default", "IPAllowList": ["206.55.129.0/24"]}
    answer = world.invoke("Set-HostedConnectionFilterPolicy", parameters)
    assert (answer.status_code, answer.content) == (200, b"")
    again = world.invoke("Set-HostedConnectionFilterPolicy", parameters)
    assert "no settings" in again.json()["@adminapi.warnings"][0]


def test_what_does_not_exist_is_said_so(world):
    answer = world.invoke("Get-InboundConnector", {"Identity": "Nothing"})
    assert answer.status_code == 400
    found = error(answer)
    assert found["type"].endswith(".ManagementObjectNotFoundException")
    detail = answer.json()["error"]["details"][0]["message"]
    assert detail.split("|")[1:] == [found["type"], found["message"]]


def test_an_unknown_parameter_is_an_error(world):
    found = error(world.invoke("Get-InboundConnector", {"Bogus": 1}))
    assert found["message"].endswith("Invalid cmdlet parameters specified. Bogus")


def test_a_value_that_does_not_convert_has_no_details(world):
    answer = world.invoke("Set-InboundConnector", {"Identity": "x", "ConnectorType": "Neither"})
    assert "details" not in answer.json()["error"]
    assert "OnPremises, Partner" in error(answer)["message"]


def test_a_mandatory_parameter_is_missed(world):
    assert "SenderDomains" in error(world.invoke("New-InboundConnector", {"Name": "x"}))["message"]


@pytest.mark.parametrize("cmdlet", ["Get-Mailbox", "Remove-Everything", "<script>"])
def test_an_unknown_cmdlet_answers_nul_bytes(world, cmdlet):
    answer = world.invoke(cmdlet)
    assert answer.status_code == 403
    assert set(answer.content) == {0}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"permissions": []}, 401),
        ({"permissions": ["Mail.Read"]}, 401),
        ({"directory_roles": []}, 403),
        ({"directory_roles": ["Global Reader"]}, 200),
    ],
)
def test_the_ladder_of_grants(world, change, status):
    world.control("POST", "/login/application", change)
    answer = world.invoke("Get-InboundConnector")
    assert answer.status_code == status
    if status == 401:
        assert "invalid_grant" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("role", "cmdlet", "parameters", "status"),
    [
        ("Global Reader", "Remove-InboundConnector", {"Identity": "x"}, 403),
        ("Security Administrator", "Remove-InboundConnector", {"Identity": "x"}, 403),
        (
            "Security Administrator",
            "Set-HostedConnectionFilterPolicy",
            {"Identity": "Default", "EnableSafeList": False},
            200,
        ),
        ("Exchange Administrator", "Remove-InboundConnector", {"Identity": "x"}, 400),
    ],
)
def test_a_role_without_the_cmdlet_does_not_have_it(world, role, cmdlet, parameters, status):
    world.control("POST", "/login/application", {"directory_roles": [role]})
    answer = world.invoke(cmdlet, parameters)
    assert answer.status_code == status
    if status == 403:
        assert set(answer.content) == {0}


def test_a_token_ends(world):
    token = world.sign_in()["access_token"]
    assert world.invoke("Get-InboundConnector", token=token).status_code == 200
    world.control("POST", "/clock", {"advance": 3601})
    answer = world.invoke("Get-InboundConnector", token=token)
    assert answer.status_code == 401
    assert "expired" in answer.headers["x-ms-diagnostics"]
    # The client's own clock has not moved: it signs in again and goes on.
    token = world.sign_in()["access_token"]
    assert world.invoke("Get-InboundConnector", token=token).status_code == 200
    world.control("POST", "/login/revoke")
    assert world.invoke("Get-InboundConnector", token=token).status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c"])
def test_what_is_no_token_is_refused(world, token):
    assert world.invoke("Get-InboundConnector", token=token).status_code == 401


def test_a_token_for_another_service_is_refused(world):
    token = world.sign_in("https://graph.microsoft.com")["access_token"]
    answer = world.invoke("Get-InboundConnector", token=token)
    assert answer.status_code == 401
    assert "audience" in answer.headers["x-ms-diagnostics"]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"CmdletInput": {"CmdletName": "Get-AcceptedDomain", "Parameters": null}}', None),
        (b'{"CmdletInput": {"CmdletName": 1, "Parameters": {}}}', None),
        (b'{"CmdletInput": {"CmdletName": "Get-AcceptedDomain"}}', "text/plain"),
        (b"\xff\xfe", None),
    ],
)
def test_what_is_not_in_the_protocol_is_refused(world, body, kind):
    base = world.info["exchange_online"]
    answer = world.session().post(
        f"{base}/adminapi/beta/{world.tenant}/InvokeCommand",
        data=body,
        headers={
            "Authorization": f"Bearer {world.sign_in()['access_token']}",
            "Content-Type": kind or "application/json",
        },
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadRequest"


def test_another_organization_is_not_here(world):
    base = world.info["exchange_online"]
    other = "8f1f7f4b-3f6c-4c05-9d3f-0b8d6f0a3a11"
    answer = world.invoke("Get-AcceptedDomain", url=f"{base}/adminapi/beta/{other}/InvokeCommand")
    assert answer.status_code == 404
    anchor = f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{other}"
    answer = world.invoke("Get-AcceptedDomain", **{"X-AnchorMailbox": anchor})
    assert answer.status_code == 400


def test_pages_are_followed_with_the_same_body(world):
    for name in "abcde":
        world.cmdlet("New-InboundConnector", Name=name, SenderDomains=f"{name}.example")
    prefer = {"Prefer": "odata.maxpagesize=2"}
    names, url = [], None
    while True:
        answer = world.invoke("Get-InboundConnector", url=url, **prefer).json()
        names += [one["Name"] for one in answer["value"]]
        url = answer.get("@odata.nextLink")
        if url is None:
            break
    assert names == list("abcde")
    link = world.invoke("Get-InboundConnector", **prefer).json()["@odata.nextLink"]
    other = world.invoke("Get-InboundConnector", {"Identity": "a"}, url=link, **prefer)
    assert other.status_code == 400


def test_faults_come_in_the_services_forms(world):
    def meet(**fault):
        world.control("POST", "/faults", {"service": "exchange_online", "status": 429, **fault})
        return world.invoke("Get-AcceptedDomain")

    throttled = meet(code="TooManyRequests", retry_after=7)
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "7")
    crowded = meet(code="Concurrency")
    assert crowded.text.startswith("You have reached the maximum number of concurrent requests")
    assert "Retry-After" not in crowded.headers
    assert meet(code="ServiceUnavailable", status=503, retry_after=1).status_code == 503
    assert set(meet(code="NulBody").content) == {0}
    cut = meet(code="Truncated")
    assert cut.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert world.invoke("Get-AcceptedDomain").status_code == 200


def test_too_many_at_once_are_refused(world):
    from concurrent.futures import ThreadPoolExecutor

    world.control("POST", "/exchange/organization", {"concurrency": 1})
    slow = {"service": "exchange_online", "operation": "Get-AcceptedDomain", "delay": 0.2}
    world.control("POST", "/faults", [slow] * 4)
    token = world.sign_in()["access_token"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: world.invoke("Get-AcceptedDomain", token=token), range(4))
        )
    assert {answer.status_code for answer in answers} == {200, 429}


def test_traces_are_counted_in_five_minutes(world):
    token = world.sign_in()["access_token"]
    for _ in range(100):
        assert world.invoke("Get-MessageTraceV2", token=token).status_code == 200
    answer = world.invoke("Get-MessageTraceV2", token=token)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 301
    world.control("POST", "/clock", {"advance": 301})
    assert world.invoke("Get-MessageTraceV2", token=token).status_code == 200


def test_calls_are_counted(world):
    world.control("DELETE", "/exchange/calls")
    world.invoke("get-inboundconnector")
    world.invoke("Remove-InboundConnector", {"Identity": "x"})
    assert world.control("GET", "/exchange/calls") == {
        "reads": {"Get-InboundConnector": 1},
        "writes": {"Remove-InboundConnector": 1},
    }
