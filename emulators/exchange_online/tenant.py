"""The cmdlets of the organization itself: its configuration, hydration and accepted domains."""

from __future__ import annotations

from emulators.exchange_online import errors, parameters
from emulators.exchange_online.cmdlet import Cmdlet, Result
from emulators.exchange_online.organization import Object, Organization
from emulators.exchange_online.parameters import Arguments


def _organization_config(organization: Organization, _arguments: Arguments) -> Result:
    name = organization.settings.domains[0]
    return Result(
        [
            {
                "Name": name,
                "DisplayName": "Acme",
                "Identity": name,
                "Guid": organization.guid,
                "IsDehydrated": organization.shows_dehydrated(),
                "CustomerLockboxEnabled": False,
                "AuditDisabled": False,
                "RejectDirectSend": False,
            }
        ]
    )


def _enable_customization(organization: Organization, arguments: Arguments) -> Result:
    if not arguments.what_if:
        organization.enable_customization()
    return Result()


def _accepted_domains(organization: Organization, arguments: Arguments) -> Result:
    domains: list[Object] = [
        {
            "Name": domain,
            "Identity": domain,
            "DomainName": domain,
            "DomainType": "Authoritative",
            "Default": index == 0,
            "MatchSubDomains": False,
        }
        for index, domain in enumerate(organization.settings.domains)
    ]
    identity = arguments.get("Identity")
    if identity is None:
        return Result(domains)
    found = [one for one in domains if one["Name"] == identity.lower()]
    if not found:
        raise errors.not_found(identity)
    return Result(found)


CMDLETS = {
    "Get-OrganizationConfig": Cmdlet(_organization_config),
    "Enable-OrganizationCustomization": Cmdlet(_enable_customization),
    "Get-AcceptedDomain": Cmdlet(_accepted_domains, {"Identity": parameters.text()}),
}
