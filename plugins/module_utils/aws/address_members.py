# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members of an address list, read and written: one by one, or many by an import job.

An import job takes a file at a link that is signed for whoever holds it, so the link is in no error
and no log. The file is JSON, `{"items": [{"address": …}, …]}`. Source: the Amazon SES developer
guide, "Address lists".
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

try:  # noqa: SIM105
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError
    from botocore.httpsession import URLLib3Session
    from botocore.utils import get_environ_proxies
except ImportError:  # AnsibleAWSModule reports it
    pass

from ansible_collections.gatepost.mail.plugins.module_utils.aws.client import Service
from ansible_collections.gatepost.mail.plugins.module_utils.aws.retry import retried
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import until
from ansible_collections.gatepost.mail.plugins.module_utils.errors import (
    GatepostError,
    NotFound,
    ServiceError,
)

_PAGE = 1000
_UPLOAD = "the upload of the members"
_ENDED = ("COMPLETED", "FAILED", "STOPPED")


def listed(service: Service, identifier: str) -> list[str]:
    """All members, a read for every thousand."""
    found = service.all(
        "list_members_of_address_list", "Addresses", AddressListId=identifier, PageSize=_PAGE
    )
    return [each["Address"] for each in found]


def register(service: Service, identifier: str, address: str) -> None:
    service.call("register_member_to_address_list", AddressListId=identifier, Address=address)


def deregister(service: Service, identifier: str, address: str) -> None:
    """Take a member out; one that is out already is fine."""
    with suppress(NotFound):
        service.call(
            "deregister_member_from_address_list", AddressListId=identifier, Address=address
        )


def bring(
    service: Service, identifier: str, addresses: list[str], timeout: float, verify: bool | str
) -> None:
    """Import these members and wait until they are in. Raises GatepostError unless all are.

    timeout: seconds, 0 not to wait. verify: of the link's TLS certificate, or a bundle of CAs.
    """
    name = f"gatepost-{uuid.uuid4()}"
    job = service.call_once(
        "create_address_list_import_job",
        AddressListId=identifier,
        Name=name,
        ImportDataFormat={"ImportDataType": "JSON"},
    )
    _put(job["PreSignedUrl"], file(addresses), verify)
    service.call("start_address_list_import_job", JobId=job["JobId"])
    if not timeout:
        return
    ended = until(
        f"import job {name}: {_ENDED[0]}",
        lambda: _job(service, job["JobId"]),
        lambda found: found["Status"] in _ENDED,
        timeout,
    )
    reason = failure(ended, len(addresses))
    if reason:
        inside = {each.casefold() for each in listed(service, identifier)}
        out = [each for each in addresses if each.casefold() not in inside]
        first = ", ".join(out[:5]) + (" …" if len(out) > 5 else "")
        raise GatepostError(f"import job {name}: {reason}" + (f"; not in: {first}" if out else ""))


def _job(service: Service, identifier: str) -> dict[str, Any]:
    """An import job; one that was just made may not be seen yet."""
    try:
        return service.call("get_address_list_import_job", JobId=identifier)
    except NotFound:
        return {"Status": "not seen yet"}


def file(addresses: list[str]) -> bytes:
    """The file of an import job. Pure."""
    return json.dumps({"items": [{"address": each} for each in addresses]}).encode()


def failure(job: Mapping[str, Any], sent: int) -> str:
    """Why an import job that ended did not do what it should, empty if it did. Pure."""
    if job["Status"] != "COMPLETED":
        return f"{job['Status']}: {job.get('Error', 'no reason is given')}"
    imported, failed = job.get("ImportedItemsCount", 0), job.get("FailedItemsCount", 0)
    if failed or imported != sent:
        return f"of {sent} members {imported} were imported and {failed} refused"
    return ""


def verification(options: Mapping[str, Any]) -> bool | str:
    """How the common options of AWS modules want TLS certificates verified."""
    if options.get("validate_certs") is False:
        return False
    return options.get("aws_ca_bundle") or os.environ.get("AWS_CA_BUNDLE") or True


def _put(link: str, content: bytes, verify: bool | str) -> None:
    """Raises ServiceError, without the link."""
    site = urlsplit(link)
    where = f"{site.scheme}://{site.netloc}"

    def send() -> None:
        request = AWSRequest(method="PUT", url=link, data=content).prepare()
        session = URLLib3Session(verify=verify, proxies=get_environ_proxies(link))
        try:
            answer = session.send(request)
        except EndpointConnectionError:
            raise EndpointConnectionError(endpoint_url=where) from None
        except HTTPClientError as error:
            raise ServiceError(_UPLOAD, type(error).__name__, f"to {where} did not work") from None
        finally:
            session.close()
        if not 200 <= answer.status_code < 300:
            refusal = {"Code": str(answer.status_code), "Message": f"{where} refused it"}
            metadata = {"HTTPStatusCode": answer.status_code}
            raise ClientError({"Error": refusal, "ResponseMetadata": metadata}, "PutObject")

    retried(_UPLOAD, send)
