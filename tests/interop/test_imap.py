"""A probe read back over IMAP from Debian's Dovecot: found, not found, refused, and in junk."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.mail import imap
from interop.dovecot import Dovecot

USER, PASSWORD = "jane@postfix.example", 'p"a\\ss wörd'
MESSAGE_ID = "<m-1.probe@sender.example>"
MESSAGE = f"Message-ID: {MESSAGE_ID}\r\nSubject: probe\r\n\r\nbody\r\n".encode()
# How a folder named "Möbel & Spam" lies in a Maildir and is spelled in IMAP.
JUNK = ".M&APY-bel &- Spam"


@pytest.fixture(scope="module")
def dovecot(authority):
    with Dovecot(*authority.issue("imap.postfix.example"), {USER: PASSWORD}) as started:
        yield started


def mailbox(dovecot, authority, **more):
    standard = {
        "host": "localhost",
        "port": dovecot.tls_port,
        "username": USER,
        "password": PASSWORD,
        "ca_file": str(authority.file),
        "timeout": 20,
    }
    return imap.Mailbox(**{**standard, **more})


@pytest.fixture(scope="module")
def local(authority):
    with Dovecot(*authority.issue("localhost"), {USER: PASSWORD}) as started:
        started.deliver(USER, MESSAGE.replace(b"m-1", b"m-0"))
        yield started


@pytest.mark.parametrize("tls", [imap.IMPLICIT, imap.STARTTLS])
def test_found_once_it_is_there(local, authority, tls):
    port = local.tls_port if tls == imap.IMPLICIT else local.port
    found = mailbox(local, authority, tls=tls, port=port)
    wanted = f"<{tls}.probe@sender.example>"
    assert found.find_message(wanted) is None
    content = MESSAGE.replace(MESSAGE_ID.encode(), wanted.encode())
    local.deliver(USER, content)
    assert found.find_message(wanted) == content
    assert found.find_message(wanted) == content


def test_found_in_what_the_server_calls_junk(local, authority):
    content = MESSAGE.replace(b"m-1", b"m-junk")
    local.deliver(USER, content, JUNK)
    wanted = MESSAGE_ID.replace("m-1", "m-junk")
    assert mailbox(local, authority).find_message(wanted) == content
    assert mailbox(local, authority, folders=["INBOX"]).find_message(wanted) is None


def test_it_stays_unread(local, authority):
    mailbox(local, authority).find_message("<m-0.probe@sender.example>")
    flags = [file.name for file in (local.root / "mail" / USER).rglob("*:2,*S*")]
    assert flags == []


def test_a_server_without_plain(authority):
    server = Dovecot(*authority.issue("localhost"), {USER: PASSWORD}, mechanisms="login")
    with server, pytest.raises(imap.ImapFailure, match="does not offer AUTH=PLAIN"):
        mailbox(server, authority).find_message(MESSAGE_ID)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"password": "Wrong-Sesame-17"}, "AUTHENTICATIONFAILED"),
        ({"folders": ["Nowhere"]}, "EXAMINE Nowhere"),
        ({"folders": ["Möbel"]}, "as LIST does"),
        ({"ca_file": None}, "certificate"),
        ({"port": 1}, "refused"),
    ],
)
def test_a_mailbox_that_cannot_be_read_is_never_an_empty_one(local, authority, options, told):
    with pytest.raises(imap.ImapFailure, match=told) as caught:
        mailbox(local, authority, **options).find_message(MESSAGE_ID)
    assert "Sesame" not in str(caught.value)
    assert PASSWORD not in repr(mailbox(local, authority))


def test_a_certificate_of_another_name(dovecot, authority):
    with pytest.raises(imap.ImapFailure, match="Hostname mismatch"):
        mailbox(dovecot, authority).find_message(MESSAGE_ID)
