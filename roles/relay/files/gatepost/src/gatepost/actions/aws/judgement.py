"""The one place that turns what AWS, or the way there, answers into an outcome.

The laws:
1. A target that is not there, or that denies access, is a configuration failure: the step's
   ActionFailurePolicy decides.
2. What the service will never take, because of its size, fails.
3. Everything else defers, what nobody foresaw too. Credentials that are absent, expired or refused
   are the host's trouble and say nothing of the mail: they defer.

Pure; knows boto3's errors by their form, so that it needs no boto3. No text of an error that could
quote the message is handed on: only what a service answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gatepost.delivery.report import clean
from gatepost.delivery.values import ConfigurationFailure, Outcome, Scope, Verdict

# Codes as the services spell them (API references of S3, SNS, Lambda, STS, KMS).
_MISSING: Final = frozenset(
    {
        "InvalidBucketName",
        "KMS.NotFoundException",
        "KMSNotFound",
        "KMSNotFoundException",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "PermanentRedirect",  # the bucket is another region's
        "ResourceNotFoundException",
    }
)
_DENIED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "KMS.AccessDeniedException",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
    }
)
_TOO_LARGE: Final = frozenset({"EntityTooLarge", "RequestTooLargeException"})
# Errors of boto3 itself that only another file, or another document, mends.
_OURS: Final = frozenset({"NoRegionError", "ParamValidationError", "InvalidRegionError"})
_CREDENTIALS: Final = frozenset(
    {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "ProfileNotFound",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TEXT: Final = 300


def attempt(what: str, steps: int, call: Callable[[], Outcome]) -> list[Outcome]:
    """What a call came to, for so many steps. what: the target, as people know it. Raises
    ConfigurationFailure."""
    try:
        outcome = call()
    except Exception as error:
        judged = judge(what, error)
        if isinstance(judged, ConfigurationFailure):
            raise judged from None
        outcome = judged
    return [outcome] * steps


def judge(what: str, error: Exception) -> Outcome | ConfigurationFailure:
    code, said = _said(error)
    if code in _MISSING or code in _DENIED or code in _OURS:
        return ConfigurationFailure(what, said)
    if code in _TOO_LARGE:
        return Outcome(Verdict.FAILED, Scope.MESSAGE, f"{what}: {said}", "5.3.4")
    scope = Scope.SESSION if code in _CREDENTIALS else Scope.SITE
    return Outcome(Verdict.DEFERRED, scope, f"{what}: {said}", "4.3.0")


def _said(error: Exception) -> tuple[str, str]:
    """The code, or the class of an error that no service answered with; and one line."""
    response = getattr(error, "response", None)
    if not isinstance(response, Mapping):
        return type(error).__name__, type(error).__name__
    answer: Any = response.get("Error", {})
    code, message = str(answer.get("Code", "")), str(answer.get("Message", ""))
    line = clean(f"{code}: {message}" if message else code)
    return code, line[:_TEXT] or type(error).__name__
