"""AUTH dialogues: the offer, or the reply that ends them."""

import base64
from typing import Any

import pytest

from gatepost.smtp.auth import CANCELLED, MALFORMED, REFUSED, AuthError, Offer, login, plain


def run(dialogue: Any, *responses: bytes) -> Offer:
    try:
        next(dialogue)
        for response in responses:
            dialogue.send(response)
    except StopIteration as finished:
        return finished.value
    raise AssertionError("the dialogue waits for more")


def b64(text: bytes) -> bytes:
    return base64.b64encode(text)


def test_plain() -> None:
    expected = Offer("edge", b"open sesame")
    assert run(plain(b64(b"\0edge\0open sesame"))) == expected
    assert run(plain(None), b64(b"edge\0edge\0open sesame")) == expected
    assert run(plain(b64("\0jörg\0\xe9".encode()))).username == "jörg"


def test_login() -> None:
    assert run(login(None), b64(b"edge"), b64(b"pass")) == Offer("edge", b"pass")
    assert run(login(b64(b"edge")), b64(b"")) == Offer("edge", b"")


@pytest.mark.parametrize(
    ("dialogue", "responses", "reply"),
    [
        (plain(None), [b"*"], CANCELLED),
        (login(b64(b"edge")), [b"*"], CANCELLED),
        (plain(None), [b"!!!"], MALFORMED),
        (plain(None), [b"AAA"], MALFORMED),
        (plain(b"="), [], MALFORMED),
        (plain(b64(b"edge\0pass")), [], MALFORMED),
        (plain(b64(b"\0a\0b\0c")), [], MALFORMED),
        (plain(b64(b"other\0edge\0pass")), [], REFUSED),
        (plain(b64(b"\0\0pass")), [], REFUSED),
        (plain(b64(b"\0\xff\0pass")), [], REFUSED),
        (login(b64(b"a\nb")), [b""], REFUSED),
    ],
)
def test_a_failed_dialogue_says_why(dialogue: Any, responses: list[bytes], reply: object) -> None:
    with pytest.raises(AuthError) as caught:
        run(dialogue, *responses)
    assert caught.value.reply == reply


def test_a_password_is_in_no_repr() -> None:
    assert "sesame" not in repr(Offer("edge", b"open sesame"))
