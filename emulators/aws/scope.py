"""Whose call it is: account and region, from the credential scope of a SigV4 signature.

Signatures are not verified: any key pair signs. The account of an access key that the emulated IAM
has created is the account that it was created in, otherwise it is moto's default account.
"""

import re
from dataclasses import dataclass

from moto.iam.models import get_account_id_from
from moto.utilities.utils import get_partition

# Credential=AKID/20260101/us-east-1/ses/aws4_request in a header, or X-Amz-Credential in a query.
_CREDENTIAL = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/,\s]+)/([^/,\s]+)/aws4_request")


@dataclass(frozen=True)
class Scope:
    account: str
    region: str

    @property
    def partition(self) -> str:
        """aws, aws-us-gov, aws-cn …"""
        return str(get_partition(self.region))


def read(authorization: str) -> tuple[Scope, str, str] | None:
    """Scope, signing name and access key of an Authorization header; None when it is no SigV4."""
    match = _CREDENTIAL.search(authorization)
    if not match:
        return None
    access_key, region, signing_name = match.groups()
    return Scope(get_account_id_from(access_key), region), signing_name, access_key
