# Copyright: (c) 2026, Gatepost maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the modules for Microsoft 365 sign in, and how those that write wait."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  tenant_id:
    description:
      - The tenant, by its GUID or by one of its domains. Needed unless O(managed_identity=true).
      - If not set, the value of E(GATEPOST_M365_TENANT) is used.
    type: str
  client_id:
    description:
      - The application (client) id. With O(managed_identity=true) the client id of a user-assigned
        identity; without it the system-assigned one is used.
      - If not set, the value of E(GATEPOST_M365_CLIENT_ID) is used.
    type: str
  certificate_file:
    description:
      - A PEM file with the private key and the certificate that the application signs in with. The
        recommended way; it goes before O(client_secret).
      - If not set, the value of E(GATEPOST_M365_CERTIFICATE) is used.
    type: path
  certificate_passphrase:
    description:
      - The passphrase of the private key.
      - If not set, the value of E(GATEPOST_M365_CERTIFICATE_PASSPHRASE) is used.
    type: str
  client_secret:
    description:
      - The application's secret.
      - If not set, the value of E(GATEPOST_M365_CLIENT_SECRET) is used.
    type: str
  managed_identity:
    description:
      - Whether to sign in with the managed identity of the machine in Azure that the module runs
        on. It goes before O(certificate_file) and O(client_secret).
    type: bool
    default: false
  cloud:
    description:
      - Which of Microsoft's clouds the tenant is in. GCC is in V(global).
      - If not set, the value of E(GATEPOST_M365_CLOUD) is used.
    type: str
    choices: [global, us_government_gcc_high, us_government_dod, china]
    default: global
  authority:
    description:
      - An https URL to sign in at, in place of the cloud's.
      - If not set, the value of E(GATEPOST_M365_AUTHORITY) is used.
    type: str
  exchange_endpoint:
    description:
      - The https URL of a server that is asked in place of the cloud's Exchange Online.
      - If not set, the value of E(GATEPOST_M365_EXCHANGE_ENDPOINT) is used.
    type: str
  graph_endpoint:
    description:
      - The https URL of a server that is asked in place of the cloud's Microsoft Graph.
      - If not set, the value of E(GATEPOST_M365_GRAPH_ENDPOINT) is used.
    type: str
  ca_file:
    description:
      - A PEM file with the only certificate authorities to trust, whatever the environment says.
        The environment's proxies are not used then either.
      - If not set, the value of E(GATEPOST_M365_CA) is used.
    type: path
requirements:
  - msal
  - requests
notes:
  - The application needs the permission C(Exchange.ManageAsApp) with an administrator's consent,
    and the directory role Exchange Administrator or a role group that includes the cmdlets.
  - Throttling is waited for, by the service's own C(Retry-After). A read that fails is an error,
    never taken for "there is none".
  - The settings are reached by the protocol under the ExchangeOnlineManagement module of
    PowerShell, because Microsoft's documented Admin API does not cover them.
"""

    # Of modules that write.
    WRITE = r"""
options:
  enable_organization_customization:
    description:
      - Whether C(Enable-OrganizationCustomization) may be run where the tenant takes no change
        before it. It cannot be undone and takes up to half an hour, which is waited for.
      - Without it the module fails on such a tenant, and says so.
    type: bool
    default: false
  wait_timeout:
    description:
      - How long to wait until a change can be read back, in seconds; reads lag behind writes.
    type: int
    default: 600
"""
