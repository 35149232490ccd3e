# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""States of an ingress point that pass, waited for.

Nothing can be changed while one lasts, so it is over before anything is compared; and a change is
done once the state that it leads to has been read twice in a row.
"""

from __future__ import annotations

from ansible_collections.gatepost.mail.plugins.module_utils.aws.mailmanager import (
    INGRESS_POINT,
    MailManager,
)
from ansible_collections.gatepost.mail.plugins.module_utils.aws.named import Document, Wanted
from ansible_collections.gatepost.mail.plugins.module_utils.aws.waiters import (
    once_visible,
    until,
)
from ansible_collections.gatepost.mail.plugins.module_utils.errors import GatepostError, NotFound

PASSING = ("PROVISIONING", "UPDATING")
GOING = "DEPROVISIONING"
BROKEN = ("FAILED", "ASSOCIATED_VPC_ENDPOINT_DOES_NOT_EXIST")
_GONE = "gone"


def settle(document: Document, want: Wanted, api: MailManager) -> str:
    """Wait for the end of a passing state; the status then, "gone" for what is not there any more.

    Raises GatepostError where waiting is needed and not wanted.
    """
    identifier, status = document["IngressPointId"], document["Status"]
    if status == GOING:
        if want.present and not want.options["wait"]:
            raise GatepostError(
                f"ingress point {document['IngressPointName']} is being deleted; run again when it "
                "is gone, or with wait=true"
            )
        gone(identifier, want, api)
        return _GONE
    if status not in PASSING or not want.options["wait"]:
        return str(status)
    return until(
        f"ingress point {identifier}: neither {' nor '.join(PASSING)}",
        lambda: _status(identifier, api),
        lambda now: now not in PASSING,
        want.options["wait_timeout"],
    )


def reached(identifier: str, status: str, want: Wanted, api: MailManager) -> None:
    """Wait, if it is wanted, until the status has held. Raises GatepostError for a broken one."""
    if not want.options["wait"]:
        return

    once_visible(lambda: api.get(INGRESS_POINT, identifier))

    def is_reached(now: str) -> bool:
        if now in (*BROKEN, _GONE):
            raise GatepostError(f"ingress point {identifier} is {now} instead of {status}")
        return now == status

    until(
        f"ingress point {identifier}: {status}",
        lambda: _status(identifier, api),
        is_reached,
        want.options["wait_timeout"],
        held=2,
    )


def gone(identifier: str, want: Wanted, api: MailManager) -> None:
    """Wait, if it is wanted, until it is not there any more."""
    if want.options["wait"]:
        until(
            f"ingress point {identifier}: deleted",
            lambda: _status(identifier, api),
            lambda now: now == _GONE,
            want.options["wait_timeout"],
        )


def _status(identifier: str, api: MailManager) -> str:
    try:
        return str(api.get(INGRESS_POINT, identifier)["Status"])
    except NotFound:
        return _GONE
