"""Mail through Microsoft's MX: taken or refused by the settings, traced, and stamped."""

import smtplib
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.headers import (
    judge_trace,
)
from microsoft_world.mail import MESSAGE, send

RANGE = "206.55.129.0/24"
CONNECTOR = "Simple Email Service Mail Manager connector"


def onboard(world, **connector):
    world.cmdlet("Set-HostedConnectionFilterPolicy", Identity="Default", IPAllowList=[RANGE])
    world.cmdlet(
        "New-InboundConnector",
        Name=CONNECTOR,
        SenderDomains="*",
        SenderIPAddresses=[RANGE],
        RequireTls=True,
        EFSkipLastIP=True,
        **connector,
    )


def delivered(world):
    return world.control("GET", "/mail?server=microsoft")["mail"]


def test_mail_from_the_gateway_is_delivered_and_traced(world):
    onboard(world)
    send(world, rcpt=("Jane@acme.com", "joe@acme.com"))
    first, second = delivered(world)
    assert (first["peer"], first["tls"], first["folder"]) == ("206.55.129.10", "TLS1_3", "inbox")
    assert second["mailbox"] == "joe@acme.com"
    assert "X-MS-Exchange-SkipListedInternetSender: ip=[209.85.220.41]" in first["raw"]
    found = world.invoke("Get-MessageTraceV2", {"MessageId": "<m1@gmail.com>"}).json()["value"]
    assert [one["RecipientAddress"] for one in found] == ["joe@acme.com", "jane@acme.com"]
    assert found[1]["Status"] == "Delivered"
    wanted = {
        "MessageTraceId": found[1]["MessageTraceId"],
        "RecipientAddress": "jane@acme.com",
    }
    details = world.invoke("Get-MessageTraceDetailV2", wanted).json()["value"]
    assert [one["Event"] for one in details] == ["Receive", "Deliver"]
    assert judge_trace(details, CONNECTOR).holds is True


def test_a_trace_takes_its_time(world):
    world.control("POST", "/exchange/organization", {"trace_lag": 600})
    send(world)
    assert world.invoke("Get-MessageTraceV2").json()["value"] == []
    world.control("POST", "/clock", {"advance": 601})
    assert len(world.invoke("Get-MessageTraceV2").json()["value"]) == 1


def test_a_trace_is_chosen_and_limited(world):
    for name in ("joe", "jane", "jim"):
        send(world, rcpt=(f"{name}@acme.com",))

    def found(**parameters):
        answer = world.invoke("Get-MessageTraceV2", parameters).json()
        names = [one["RecipientAddress"].partition("@")[0] for one in answer["value"]]
        return names, answer["@adminapi.warnings"]

    assert found(RecipientAddress="jane@acme.com")[0] == ["jane"]
    assert found(SenderAddress=["x@y.example", "bob@gmail.com"])[0] == ["jim", "jane", "joe"]
    assert found(SenderAddress="x@y.example") == ([], [])
    assert found(Status=["Failed"])[0] == []
    names, (warning,) = found(ResultSize=2)
    assert names == ["jim", "jane"]
    assert "-StartingRecipientAddress jane@acme.com" in warning
    now = datetime.now(UTC)
    period = {
        "StartDate": (now - timedelta(days=9)).isoformat(),
        "EndDate": (now - timedelta(days=1)).isoformat(),
    }
    assert found(**period)[0] == []


def test_spam_goes_to_the_junk_folder(world):
    world.control(
        "POST", "/mail/senders", {"gmail.com": {"spf": ["192.0.2.0/24"], "dmarc": "reject"}}
    )
    send(world)
    assert delivered(world)[0]["folder"] == "junk"
    (found,) = world.invoke("Get-MessageTraceV2").json()["value"]
    assert found["Status"] == "FilteredAsSpam"


def test_quarantined_mail_is_in_no_mailbox(world):
    table = {"gmail.com": {"spf": ["192.0.2.0/24"], "otherwise": "fail"}}
    world.control("POST", "/mail/senders", table)
    world.cmdlet(
        "Set-HostedContentFilterPolicy",
        Identity="Default",
        MarkAsSpamSpfRecordHardFail="On",
        HighConfidenceSpamAction="Quarantine",
    )
    send(world)
    assert delivered(world) == []
    (found,) = world.invoke("Get-MessageTraceV2").json()["value"]
    assert found["Status"] == "Quarantined"


@pytest.mark.parametrize(
    ("rcpt", "code"),
    [("jane@example.com", 550), ("nobody@acme.com", 550)],
)
def test_unknown_recipients_are_refused(world, rcpt, code):
    world.control("POST", "/exchange/organization", {"unknown_users": ["nobody@acme.com"]})
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        send(world, rcpt=(rcpt,))
    assert raised.value.recipients[rcpt][0] == code


def test_required_tls_is_required(world):
    onboard(world)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        send(world, tls=False)
    assert raised.value.recipients["Jane@acme.com"] == (
        530,
        b"5.7.10 STARTTLS is required to send mail",
    )


def test_a_locked_organization_takes_mail_from_its_gateway_alone(world):
    onboard(world, RestrictDomainsToIPAddresses=True)
    send(world)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        send(world, "microsoft_direct")
    code, text = raised.value.recipients["Jane@acme.com"]
    assert code == 550
    assert text.startswith(b"5.7.51 TenantInboundAttribution")
    world.control("POST", "/mail/gateway", {"address": "206.55.130.10"})
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(world)
    assert len(delivered(world)) == 1


def test_a_fault_is_met(world):
    fault = {
        "service": "smtp.microsoft",
        "operation": "rcpt",
        "code": "x",
        "status": 451,
        "message": "4.7.500 Server busy. Please try again later",
    }
    world.control("POST", "/faults", fault)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(world)
    send(world)
    assert len(delivered(world)) == 1


def test_a_clients_certificate_attributes_its_mail(world, tmp_path):
    from pathlib import Path

    from emulators.ca import Authority

    certificate, key = Authority(Path(world.info["ca"]).parent).client(["mx1.example.net"])
    world.cmdlet(
        "New-InboundConnector",
        Name=CONNECTOR,
        SenderDomains="*",
        RequireTls=True,
        TlsSenderCertificateName="mx1.example.net",
        RestrictDomainsToCertificate=True,
    )
    context = ssl.create_default_context(cafile=world.info["ca"])
    with smtplib.SMTP(*world.smtp("microsoft_direct"), timeout=10) as client:
        client._host = "acme-com.mail.protection.outlook.com"
        context.load_cert_chain(certificate, key)
        client.starttls(context=context)
        client.sendmail("bob@gmail.com", ["jane@acme.com"], MESSAGE)
    assert len(delivered(world)) == 1
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(world, "microsoft_direct")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"x.org": {"spf": ["1.2.3.4/8"]}}, "1.2.3.4/8"),
        ({"x.org": {"dkim": 1}}, "x.org.dkim"),
        ({"x.org": {"otherwise": "pass"}}, "x.org.otherwise"),
        ({"x.org": {"dmarc": "maybe"}}, "x.org.dmarc"),
        ({"x.org": []}, "x.org"),
        ([], "object"),
    ],
)
def test_control_names_what_is_wrong_with_senders(world, body, named):
    import requests

    answer = requests.post(world.info["control"] + "/mail/senders", json=body, timeout=10)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
