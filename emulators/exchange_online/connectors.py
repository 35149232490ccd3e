"""The inbound connector cmdlets, enhanced filtering included.

Sources: New-InboundConnector, Set-InboundConnector, "Enhanced filtering for connectors in Exchange
Online". Ours, where they are silent: EFSkipIPs together with EFSkipLastIP is refused, and so are
restrictions that nothing could meet.
"""

from __future__ import annotations

from emulators.exchange_online import addresses, errors, initial, parameters
from emulators.exchange_online.cmdlet import Cmdlet, Result, getter, remover, setter
from emulators.exchange_online.initial import CONNECTOR
from emulators.exchange_online.organization import Object, Organization
from emulators.exchange_online.parameters import Arguments, Kind

_MULTI = "Microsoft.Exchange.Data.MultiValuedProperty`1[{}]"
_SPACES = _MULTI.format("Microsoft.Exchange.Data.AddressSpace")
_RANGES = _MULTI.format("Microsoft.Exchange.Data.IPRange")
_ADDRESSES = _MULTI.format("Microsoft.Exchange.Data.SmtpAddress")
_STRINGS = _MULTI.format("System.String")
_IDENTITY: dict[str, Kind] = {"Identity": parameters.text()}

_CONNECTOR: dict[str, Kind] = {
    "AssociatedAcceptedDomains": parameters.many(_STRINGS, addresses.domain_name),
    "ClientHostNames": parameters.many(_STRINGS, addresses.domain_name),
    "CloudServicesMailEnabled": parameters.flag,
    "Comment": parameters.text(1024),
    "ConnectorSource": parameters.choice(
        "Data.Directory.SystemConfiguration.TenantConnectorSource",
        "Default",
        "Migrated",
        "HybridWizard",
        "AdminUI",
    ),
    "ConnectorType": parameters.choice(
        "Data.Directory.SystemConfiguration.TenantConnectorType", "OnPremises", "Partner"
    ),
    "EFSkipIPs": parameters.many(_RANGES, addresses.address_or_range),
    "EFSkipLastIP": parameters.flag,
    "EFSkipMailGateway": parameters.many(_STRINGS, addresses.domain_name),
    "EFTestMode": parameters.flag,
    "EFUsers": parameters.many(_ADDRESSES, addresses.smtp_address),
    "Enabled": parameters.flag,
    "RequireTls": parameters.flag,
    "RestrictDomainsToCertificate": parameters.flag,
    "RestrictDomainsToIPAddresses": parameters.flag,
    "ScanAndDropRecipients": parameters.many(_ADDRESSES, addresses.smtp_address),
    "SenderDomains": parameters.many(_SPACES, addresses.sender_domain),
    "SenderIPAddresses": parameters.many(_RANGES, addresses.address_or_cidr),
    "TlsSenderCertificateName": parameters.text(256, addresses.certificate_name),
    "TreatMessagesAsInternal": parameters.flag,
    "TrustedOrganizations": parameters.many(_STRINGS, addresses.domain_name),
}
_NULLED = ("Comment", "TlsSenderCertificateName")


def _judged(organization: Organization, given: Object) -> Object:
    """A connector as it is stored. Raises CmdletError where its members do not go together."""
    new = {name: None if name in _NULLED and not one else one for name, one in given.items()}
    if not new["Name"]:
        raise errors.invalid_value("The Name property can't be empty.")
    partner = new["ConnectorType"] == "Partner"
    if not new["SenderDomains"]:
        raise errors.invalid_value("The SenderDomains property can't be empty.")
    if new["RestrictDomainsToIPAddresses"] and new["RestrictDomainsToCertificate"]:
        raise errors.invalid_value(
            "RestrictDomainsToIPAddresses and RestrictDomainsToCertificate can't both be $true."
        )
    restricted = new["RestrictDomainsToIPAddresses"] or new["RestrictDomainsToCertificate"]
    if restricted and not partner:
        raise errors.invalid_value(
            "RestrictDomainsToIPAddresses and RestrictDomainsToCertificate need the ConnectorType "
            "Partner."
        )
    if new["RestrictDomainsToIPAddresses"] and not new["SenderIPAddresses"]:
        raise errors.invalid_value(
            "When RestrictDomainsToIPAddresses is $true, SenderIPAddresses can't be empty."
        )
    if new["RestrictDomainsToCertificate"] and not new["TlsSenderCertificateName"]:
        raise errors.invalid_value(
            "When RestrictDomainsToCertificate is $true, TlsSenderCertificateName can't be empty."
        )
    if new["TlsSenderCertificateName"] and not new["RequireTls"]:
        raise errors.invalid_value(
            "When TlsSenderCertificateName is set, RequireTls must be $true."
        )
    if not partner and not (new["SenderIPAddresses"] or new["TlsSenderCertificateName"]):
        raise errors.invalid_value(
            "A connector of the type OnPremises needs SenderIPAddresses or "
            "TlsSenderCertificateName."
        )
    if new["TreatMessagesAsInternal"] and (partner or new["CloudServicesMailEnabled"]):
        raise errors.invalid_value(
            "TreatMessagesAsInternal needs the ConnectorType OnPremises, and "
            "CloudServicesMailEnabled to be $false."
        )
    if new["EFSkipLastIP"] and new["EFSkipIPs"]:
        raise errors.invalid_value("EFSkipIPs can be used only when EFSkipLastIP is $false.")
    for address in new["EFUsers"] or ():
        if not organization.accepts(address.rpartition("@")[2]):
            raise errors.not_found(address)
    return new


def _new(organization: Organization, arguments: Arguments) -> Result:
    given = arguments.applied(initial.inbound_connector(arguments.get("Name")))
    new = _judged(organization, given)
    return Result([new if arguments.what_if else organization.add(CONNECTOR, new)])


CMDLETS = {
    "Get-InboundConnector": Cmdlet(
        getter(CONNECTOR), {**_IDENTITY, "ResultSize": lambda _name, value: lambda _current: value}
    ),
    "New-InboundConnector": Cmdlet(
        _new,
        {"Name": parameters.text(64), **_CONNECTOR},
        ("Name", "SenderDomains"),
        hydrated=True,
    ),
    "Set-InboundConnector": Cmdlet(
        setter(CONNECTOR, _judged),
        {**_IDENTITY, "Name": parameters.text(64), **_CONNECTOR},
        ("Identity",),
        hydrated=True,
    ),
    "Remove-InboundConnector": Cmdlet(remover(CONNECTOR), _IDENTITY, ("Identity",), hydrated=True),
}
