"""Which answer of AWS is a configuration failure, which fails the step, and which defers it."""

from __future__ import annotations

import botocore.exceptions as botocore
import pytest

from gatepost.actions.aws import judgement
from gatepost.delivery.values import ConfigurationFailure, Scope, Verdict

CONFIGURATION, FAILED, DEFERRED = "configuration", Verdict.FAILED, Verdict.DEFERRED


def answered(code: str, message: str = "as it says", status: int = 400) -> botocore.ClientError:
    answer = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return botocore.ClientError(answer, "Any")


CASES = [
    # S3
    (answered("NoSuchBucket", status=404), CONFIGURATION, None),
    (answered("AccessDenied", status=403), CONFIGURATION, None),
    (answered("PermanentRedirect", status=301), CONFIGURATION, None),
    (answered("KMS.NotFoundException"), CONFIGURATION, None),
    (answered("KMS.DisabledException"), DEFERRED, Scope.SITE),
    (answered("EntityTooLarge"), FAILED, Scope.MESSAGE),
    (answered("SlowDown", status=503), DEFERRED, Scope.SITE),
    (answered("InternalError", status=500), DEFERRED, Scope.SITE),
    (answered("RequestTimeTooSkewed", status=403), DEFERRED, Scope.SITE),
    (answered("InvalidAccessKeyId", status=403), DEFERRED, Scope.SESSION),
    (answered("SignatureDoesNotMatch", status=403), DEFERRED, Scope.SESSION),
    (answered("ExpiredToken"), DEFERRED, Scope.SESSION),
    # SNS
    (answered("NotFound", status=404), CONFIGURATION, None),
    (answered("AuthorizationError", status=403), CONFIGURATION, None),
    (answered("KMSAccessDenied"), CONFIGURATION, None),
    (answered("KMSThrottling"), DEFERRED, Scope.SITE),
    (answered("Throttling"), DEFERRED, Scope.SITE),
    (answered("InvalidParameter"), DEFERRED, Scope.SITE),
    (answered("InvalidClientTokenId", status=403), DEFERRED, Scope.SESSION),
    # Lambda
    (answered("ResourceNotFoundException", status=404), CONFIGURATION, None),
    (answered("AccessDeniedException", status=403), CONFIGURATION, None),
    (answered("RequestTooLargeException", status=413), FAILED, Scope.MESSAGE),
    (answered("TooManyRequestsException", status=429), DEFERRED, Scope.SITE),
    (answered("ResourceNotReadyException", status=502), DEFERRED, Scope.SITE),
    (answered("UnrecognizedClientException", status=403), DEFERRED, Scope.SESSION),
    # What nobody foresaw
    (answered("NeverHeardOf"), DEFERRED, Scope.SITE),
    (answered("404", status=404), DEFERRED, Scope.SITE),
    (answered(""), DEFERRED, Scope.SITE),
    (RuntimeError("the body of a message"), DEFERRED, Scope.SITE),
    # The way there
    (botocore.EndpointConnectionError(endpoint_url="http://x"), DEFERRED, Scope.SITE),
    (botocore.ConnectTimeoutError(endpoint_url="http://x"), DEFERRED, Scope.SITE),
    (botocore.ReadTimeoutError(endpoint_url="http://x"), DEFERRED, Scope.SITE),
    (botocore.SSLError(endpoint_url="http://x", error="no"), DEFERRED, Scope.SITE),
    (botocore.NoCredentialsError(), DEFERRED, Scope.SESSION),
    (botocore.ProfileNotFound(profile="mail"), DEFERRED, Scope.SESSION),
    (botocore.NoRegionError(), CONFIGURATION, None),
    (botocore.ParamValidationError(report="the body of a message"), CONFIGURATION, None),
]


@pytest.mark.parametrize(
    ("error", "what", "scope"), CASES, ids=[f"{type(case[0]).__name__}-{case[0]}" for case in CASES]
)
def test_what_an_error_means(error: Exception, what: object, scope: Scope | None) -> None:
    found = judgement.judge("s3:bucket", error)
    if what == CONFIGURATION:
        assert isinstance(found, ConfigurationFailure)
        assert found.what == "s3:bucket"
    else:
        assert not isinstance(found, ConfigurationFailure)
        assert (found.verdict, found.scope) == (what, scope)
        assert found.status[0] == ("5" if what is FAILED else "4")
    assert "the body of a message" not in str(found)


def test_what_people_are_told() -> None:
    hostile = answered("SlowDown", "please\r\nForged: line\x1b[2J" + "x" * 1000)
    found = judgement.judge("s3:bucket", hostile)
    assert not isinstance(found, ConfigurationFailure)
    assert found.text.startswith("s3:bucket: SlowDown: please Forged: line [2Jxxx")
    assert found.text.isprintable()
    assert len(found.text) < 330
    assert str(judgement.judge("sns:t", answered("NotFound", "no topic"))) == (
        "sns:t: NotFound: no topic"
    )
