"""Command lines to values, and the reply to each that is malformed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.reply import Reply
from gatepost.smtp import commands
from gatepost.smtp.commands import Auth, Hello, Mail, Plain, Rcpt, decode_xtext, parse

GOOD = [
    (b"EHLO client.example", Hello("client.example", True)),
    (b"ehlo client.example", Hello("client.example", True)),
    (b"HELO [192.0.2.1]", Hello("[192.0.2.1]", False)),
    (b"EHLO [IPv6:2001:db8::1]", Hello("[IPv6:2001:db8::1]", True)),
    (b"HELO my_host", Hello("my_host", False)),
    (b"MAIL FROM:<a@b.c>", Mail("a@b.c")),
    (b"mail from:<a@b.c>", Mail("a@b.c")),
    (b"MAIL FROM: <a@b.c>", Mail("a@b.c")),
    (b"MAIL FROM:<a@b.c>  ", Mail("a@b.c")),
    (b"MAIL FROM:<>", Mail("")),
    (b"MAIL FROM:<> SIZE=12", Mail("", size=12, extended=True)),
    (b"MAIL FROM:<a@b> size=0 body=8bitmime", Mail("a@b", eight_bit=True, extended=True)),
    (b"MAIL FROM:<a@b>  BODY=7BIT  SIZE=1", Mail("a@b", size=1, extended=True)),
    ("MAIL FROM:<ü@b> SMTPUTF8".encode(), Mail("ü@b", smtputf8=True, extended=True)),
    (b"MAIL FROM:<a@b> AUTH=<>", Mail("a@b", extended=True)),
    (b"MAIL FROM:<a@b> AUTH=e+3Dmc2@example.com", Mail("a@b", extended=True)),
    (b"MAIL FROM:<a@b> XOORG=contoso.com", Mail("a@b", extended=True)),
    (
        b"MAIL FROM:<a@b> RET=hdrs ENVID=QQ+2B314159",
        Mail("a@b", ret="HDRS", envid="QQ+2B314159", extended=True),
    ),
    (b"RCPT TO:<a@b.c>", Rcpt("a@b.c")),
    (b"RCPT TO:<postmaster>", Rcpt("postmaster")),
    (b"RCPT TO: <a@b.c>", Rcpt("a@b.c")),
    (b"RCPT TO:<a@b> NOTIFY=never", Rcpt("a@b", ("NEVER",), extended=True)),
    (
        b"RCPT TO:<a@b> NOTIFY=SUCCESS,delay ORCPT=rfc822;Bob+2Bx@b",
        Rcpt("a@b", ("SUCCESS", "DELAY"), "rfc822;Bob+2Bx@b", extended=True),
    ),
    ("RCPT TO:<a@b> ORCPT=utf-8;jörg@b".encode(), Rcpt("a@b", (), "utf-8;jörg@b", extended=True)),
    (b"AUTH PLAIN", Auth("PLAIN")),
    (b"auth login dXNlcg==", Auth("LOGIN", b"dXNlcg==")),
    (b"AUTH PLAIN =", Auth("PLAIN", b"=")),
    (b"DATA", Plain("DATA")),
    (b"data \t", Plain("DATA")),
    (b"RSET", Plain("RSET")),
    (b"NOOP anything at all", Plain("NOOP")),
    (b"QUIT", Plain("QUIT")),
    (b"STARTTLS", Plain("STARTTLS")),
    (b"VRFY <a@b>", Plain("VRFY")),
    (b"HELP", Plain("HELP")),
]

BAD = [
    (b"", 500),
    (b" ", 500),
    (b"XYZZY", 500),
    (b"\xff\xfe", 500),
    (b"NOOP \x00", 500),
    (b"NOOP a\rb", 500),
    (b"MAIL\tFROM:<a@b>", 500),
    ("NOOP \u2028".encode(), 500),
    ("ＭAIL FROM:<a@b>".encode(), 500),
    (b"EXPN list", 502),
    (b"TURN", 502),
    (b"BDAT", 521),
    (b"BDAT x LAST", 521),
    (b"BDAT 1 LAST 2", 521),
    (b"BDAT 123456789012345678901", 521),
    (b"BDAT 1\0LAST", 521),
    (b"GET / HTTP/1.1", 521),
    (b"POST / HTTP/1.1", 521),
    (b"EHLO", 501),
    (b"HELO a b", 501),
    (b"EHLO a(b)", 501),
    (b"EHLO " + b"a" * 256, 501),
    ("EHLO hôte".encode(), 501),
    (b"MAIL", 501),
    (b"MAIL <a@b>", 501),
    (b"MAIL FROM", 501),
    (b"MAIL FROM:", 501),
    (b"MAIL FROM:a@b", 501),
    (b"MAIL FROM:<a@b>SIZE=1", 501),
    (b"MAIL FROM:<a@b> SIZE", 501),
    (b"MAIL FROM:<a@b> SIZE=", 501),
    (b"MAIL FROM:<a@b> SIZE=-1", 501),
    (b"MAIL FROM:<a@b> SIZE=1e3", 501),
    (b"MAIL FROM:<a@b> SIZE=" + b"9" * 21, 501),
    ("MAIL FROM:<a@b> SIZE=٣".encode(), 501),
    (b"MAIL FROM:<a@b> SIZE=1 SIZE=1", 501),
    (b"MAIL FROM:<a@b> BODY=BINARYMIME", 501),
    (b"MAIL FROM:<a@b> SMTPUTF8=yes", 501),
    (b"MAIL FROM:<a@b> RET=ALL", 501),
    (b"MAIL FROM:<a@b> ENVID=", 501),
    (b"MAIL FROM:<a@b> ENVID=a+2", 501),
    (b"MAIL FROM:<a@b> ENVID=a+2b", 501),
    (b"MAIL FROM:<a@b> ENVID=" + b"a" * 101, 501),
    (b"MAIL FROM:<a@b> AUTH", 501),
    (b"MAIL FROM:<a@b> =1", 501),
    (b"MAIL FROM:<a@b> X=1=2", 501),
    (b"MAIL FROM:<a@b> COLOR=red", 555),
    ("MAIL FROM:<ü@b>".encode(), 553),
    ("MAIL FROM:<ü@b> SIZE=1".encode(), 553),
    (b"RCPT TO:<>", 501),
    (b"RCPT TO:a@b", 501),
    (b"RCPT <a@b>", 501),
    (b"RCPT TO:<a@b> NOTIFY", 501),
    (b"RCPT TO:<a@b> NOTIFY=NEVER,DELAY", 501),
    (b"RCPT TO:<a@b> NOTIFY=DELAY,DELAY", 501),
    (b"RCPT TO:<a@b> NOTIFY=SOMETIMES", 501),
    (b"RCPT TO:<a@b> ORCPT=a@b", 501),
    (b"RCPT TO:<a@b> ORCPT=rfc822;a+b", 501),
    (b"RCPT TO:<a@b> SIZE=1", 555),
    (b"AUTH", 501),
    (b"AUTH PLAIN AA== x", 501),
    (b"AUTH PLAIN !!", 501),
    (b"DATA now", 501),
    (b"RSET x", 501),
    (b"QUIT x", 501),
    (b"STARTTLS x", 501),
]


@pytest.mark.parametrize(("line", "command"), GOOD)
def test_a_good_line_becomes_its_value(line: bytes, command: object) -> None:
    assert parse(line) == command


@pytest.mark.parametrize(("line", "code"), BAD)
def test_a_bad_line_becomes_its_refusal(line: bytes, code: int) -> None:
    reply = parse(line)
    assert isinstance(reply, Reply)
    assert reply.code == code
    assert reply.enhanced.startswith("5.")


def test_xtext_is_decoded() -> None:
    assert decode_xtext("QQ+2B31+20x") == "QQ+31 x"
    assert decode_xtext("+FF") == "\ufffd"


def test_an_initial_response_is_in_no_repr() -> None:
    assert "c2VjcmV0" not in repr(parse(b"AUTH PLAIN c2VjcmV0"))


@given(
    st.sampled_from([line for line, _ in GOOD + BAD]),
    st.integers(0, 60),
    st.binary(max_size=4),
    st.integers(1, 64),
)
def test_a_line_says_the_same_again(line: bytes, at: int, put_in: bytes, limit: int) -> None:
    line = line[:at] + put_in + line[at:]
    assert [parse(line, limit), parse(line, limit)] == [commands._parse(line, limit)] * 2


def test_only_what_is_no_secret_is_remembered() -> None:
    commands._remembered.cache_clear()
    for line in (b"AUTH PLAIN c2VjcmV0", b"auth plain c2VjcmV0", b"c2VjcmV0", b" AUTH c2VjcmV0"):
        parse(line)
    assert commands._remembered.cache_info().currsize == 0
    parse(b"MAIL FROM:<a@b.c>")
    assert commands._remembered.cache_info().currsize == 1
