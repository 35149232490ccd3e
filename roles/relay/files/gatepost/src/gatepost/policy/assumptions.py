"""What no public document says and Gatepost has chosen. A decision lists the choices without which
it would be another, in these words; docs/policy.md explains each."""

from __future__ import annotations

from typing import Final

CASE: Final = "Strings are compared without regard to case."
ADDRESS: Final = "A header field of addresses matches if any address in it does."
GO_ON: Final = "After a match, later rules go on."
SEQUENTIAL: Final = "Conditions see the recipient and the headers as earlier actions left them."
DROP_ORDER: Final = "What ran before a Drop stands."
ON_FAILURE: Final = "An ActionFailurePolicy that is left out is CONTINUE."
MAIL_FROM: Final = "A MailFrom that is left out is PRESERVE."
REPLACE: Final = "MailFrom REPLACE rewrites the sender by SRS."
NO_REPLACEMENT: Final = "ReplaceRecipient without ReplaceWith leaves the recipient as it is."
UNROUTED: Final = "Mail that no rule delivers is accepted, and reported."
UNKNOWN: Final = (
    "A rule that cannot be decided is shown as not matching; a relay answers 451 instead."
)
READ_RECEIPT: Final = (
    "A read receipt is requested by a Disposition-Notification-To field (RFC 8098)."
)
WRAPPED: Final = "TLS_WRAPPED never holds: sessions start in plaintext and use STARTTLS."
RESULTS: Final = (
    "SPF and DKIM results softfail, neutral and none are GRAY; temperror and permerror are"
    " PROCESSING_FAILED."
)
SUBDOMAIN: Final = "A subdomain of a verified domain is verified."
VERIFIED: Final = "Recipients of unverified domains are refused before the traffic policy is asked."
