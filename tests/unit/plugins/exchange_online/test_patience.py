"""What is tried again, after which wait, and what is raised in the end."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, ServiceError
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import patience
from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online.protocol import (
    Broken,
    Forbidden,
    Throttled,
)


class Call:
    """Fails as it is told, then answers."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.waits = []

    def __call__(self):
        if self.failures:
            raise self.failures.pop(0)
        return "answer"

    def patiently(self, reads=True):
        return patience.patiently(self, reads=reads, sleep=self.waits.append, jitter=lambda: 1.0)


def throttled(after=None):
    return Throttled("Get-X", "HTTP 429", "slow down", after)


BROKEN = Broken("Set-X", "HTTP 500", "oops")


def test_the_service_says_how_long():
    call = Call(throttled(7.0), throttled(0.5))
    assert call.patiently() == "answer"
    assert call.waits == [7.0, 0.5]


def test_it_does_not_say():
    call = Call(*[throttled()] * 8)
    assert call.patiently() == "answer"
    assert call.waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_throttling_that_does_not_end():
    with pytest.raises(Throttled):
        Call(*[throttled()] * 9).patiently()


def test_longer_than_anybody_waits():
    call = Call(throttled(4000.0))
    with pytest.raises(ServiceError, match="asked to wait 4000 seconds"):
        call.patiently()
    assert call.waits == []


def test_a_write_that_was_throttled_was_not_carried_out():
    assert Call(throttled()).patiently(reads=False) == "answer"


def test_a_read_that_broke_is_tried_again():
    assert Call(BROKEN, BROKEN).patiently() == "answer"


def test_a_write_that_broke_is_not():
    call = Call(BROKEN)
    with pytest.raises(ServiceError, match="whether it was carried out is not known"):
        call.patiently(reads=False)
    assert call.waits == []


@pytest.mark.parametrize("error", [Forbidden("a", "b", "c"), NotFound("a", "b", "c")])
def test_what_is_final(error):
    call = Call(error)
    with pytest.raises(type(error)):
        call.patiently()
    assert call.waits == []
