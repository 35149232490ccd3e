"""Which failures are tried again, with which waits, and what is raised in the end."""

import pytest
from ansible_collections.gatepost.mail.plugins.module_utils.aws import retry
from ansible_collections.gatepost.mail.plugins.module_utils.errors import NotFound, ServiceError
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError


def refused(code, status=400):
    response = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "GetRelay")


class Call:
    """Fails as it is told, then answers."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.count = 0

    def __call__(self):
        self.count += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.mark.parametrize(
    "failure",
    [
        refused("ThrottlingException", 429),
        refused("Throttling"),
        refused("TooManyRequestsException"),
        refused("Odd", 429),
        refused("InternalFailure", 500),
        refused("Odd", 503),
        EndpointConnectionError(endpoint_url="http://x"),
    ],
    ids=str,
)
def test_passing_failures_are_tried_again(failure):
    waits = []
    call = Call(failure, failure)
    found = retry.retried("GetRelay", call, sleep=waits.append, jitter=lambda: 1.0)
    assert found == "answer"
    assert waits == [1.0, 2.0]


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (refused("ValidationException"), ServiceError),
        (refused("AccessDeniedException", 403), ServiceError),
        (refused("ConflictException", 409), ServiceError),
        (refused("ResourceNotFoundException", 404), NotFound),
        (refused("NotFoundException", 404), NotFound),
        (NoCredentialsError(), ServiceError),
    ],
    ids=str,
)
def test_others_are_raised_at_once(failure, kind):
    call = Call(failure)
    with pytest.raises(ServiceError, match=r"^GetRelay: ") as raised:
        retry.retried("GetRelay", call, sleep=pytest.fail)
    assert type(raised.value) is kind
    assert call.count == 1


def test_waits_are_bounded_and_attempts_too():
    waits = []
    call = Call(*[refused("ThrottlingException", 429)] * 100)
    with pytest.raises(ServiceError, match="ThrottlingException"):
        retry.retried("GetRelay", call, sleep=waits.append, jitter=lambda: 1.0)
    assert call.count == retry.ATTEMPTS
    assert max(waits) == retry.LONGEST_WAIT


def test_what_may_have_been_carried_out_is_not_repeated_without_a_token():
    call = Call(refused("ThrottlingException", 429), refused("InternalFailure", 500))
    with pytest.raises(ServiceError, match="InternalFailure"):
        retry.retried("CreateKey", call, repeatable=False, sleep=lambda _pause: None)
    assert call.count == 2


def test_an_access_denied_is_never_absent():
    with pytest.raises(ServiceError) as raised:
        retry.retried("GetRelay", Call(refused("AccessDeniedException", 403)))
    assert not isinstance(raised.value, NotFound)
