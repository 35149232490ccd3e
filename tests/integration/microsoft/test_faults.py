"""What goes wrong with a tenant ends in a clear error or a completed retry, never in a wrong
"absent" and never in a lost entry."""

import pytest

GATEWAY = "206.55.133.0/24"
FILTER, EDGE = "m365_connection_filter_policy", "m365_inbound_connector"
CONNECTOR = {
    "name": "edge",
    "sender_domains": ["*"],
    "sender_ip_addresses": [GATEWAY],
    "enhanced_filtering": {"skip_last_ip": True},
}
GET, SET = "Get-HostedConnectionFilterPolicy", "Set-HostedConnectionFilterPolicy"


def allowed(tenant):
    return tenant.held("HostedConnectionFilterPolicy", "Default")["IPAllowList"]


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "TooManyRequests", "status": 429, "count": 3},
        {"code": "TooManyRequests", "status": 429, "retry_after": 1},
        {"code": "Unavailable", "status": 503, "count": 2},
        {"code": "Concurrency", "count": 3},
    ],
)
@pytest.mark.parametrize("cmdlet", [GET, SET])
def test_throttling_is_waited_for(tenant, fault, cmdlet):
    tenant.fault(operation=cmdlet, **fault)
    done = tenant.run(FILTER, ip_allow_list=[GATEWAY])
    assert not done.get("failed"), done
    assert allowed(tenant) == [GATEWAY]
    assert tenant.world.control("GET", "/faults")["faults"] == []


def test_throttling_without_end(tenant):
    tenant.fault(operation=GET, code="TooManyRequests", status=429, count=100)
    assert "TooManyRequests" in tenant.refuse(FILTER, ip_allow_list=[GATEWAY])


def test_a_read_that_breaks_is_tried_again(tenant):
    tenant.fault(operation=GET, code="InternalError", status=500, count=2)
    assert not tenant.run(FILTER, ip_allow_list=[GATEWAY]).get("failed")


def test_a_write_that_breaks_is_not(tenant):
    tenant.fault(operation=SET, code="InternalError", status=500)
    told = tenant.refuse(FILTER, ip_allow_list=[GATEWAY])
    assert "whether it was carried out is not known" in told
    assert not tenant.run(FILTER, ip_allow_list=[GATEWAY]).get("failed")
    assert allowed(tenant) == [GATEWAY]


@pytest.mark.parametrize(
    "fault",
    [
        {"code": "NulBody"},
        {"code": "Truncated"},
        {"code": "BadRequest", "status": 400},
        {"code": "NotFound", "status": 404},
    ],
)
def test_a_read_that_fails_is_never_absent(tenant, fault):
    tenant.run(EDGE, **CONNECTOR)
    tenant.forget_calls()
    tenant.fault(operation="Get-InboundConnector", **fault)
    told = tenant.refuse(EDGE, **CONNECTOR)
    assert "Get-InboundConnector" in told
    assert tenant.writes() == {}
    tenant.fault(operation="Get-InboundConnector", **fault)
    assert tenant.run(f"{EDGE}_info", name="edge").get("failed")


def test_a_missing_role_is_named(tenant):
    tenant.world.control("POST", "/login/application", {"directory_roles": []})
    assert "directory role" in tenant.refuse(FILTER, ip_allow_list=[GATEWAY]).lower()


def test_a_missing_permission_is_named(tenant):
    tenant.world.control("POST", "/login/application", {"permissions": []})
    assert "Exchange.ManageAsApp" in tenant.refuse(FILTER, ip_allow_list=[GATEWAY])


def test_a_role_without_the_cmdlet_is_named(tenant):
    tenant.fault(operation=SET, code="NulBody")
    assert "does not include it" in tenant.refuse(FILTER, ip_allow_list=[GATEWAY])


def test_a_token_that_ends_on_the_way_is_asked_for_anew(tenant, monkeypatch):
    from ansible_collections.gatepost.mail.plugins.module_utils.exchange_online import settle

    write = settle.Writer.write

    def after_revocation(self, cmdlet, **parameters):
        tenant.world.control("POST", "/login/revoke", {})
        return write(self, cmdlet, **parameters)

    monkeypatch.setattr(settle.Writer, "write", after_revocation)
    assert not tenant.run(FILTER, ip_allow_list=[GATEWAY]).get("failed")
    assert allowed(tenant) == [GATEWAY]


def test_reads_that_lag_behind(tenant):
    tenant.organization(stale_reads=4)
    tenant.apply(EDGE, **CONNECTOR)
    tenant.apply(EDGE, name="edge", comment="x", require_tls=False)
    tenant.apply(FILTER, ip_allow_list=[GATEWAY])
    tenant.apply(EDGE, name="edge", state="absent")


def test_reads_that_never_catch_up(tenant):
    tenant.organization(stale_reads=100000)
    told = tenant.refuse(FILTER, ip_allow_list=[GATEWAY], wait_timeout=1)
    assert "as it was set: not so after 1 seconds" in told


def test_a_dehydrated_tenant_is_named(tenant):
    tenant.organization(dehydrated=True)
    told = tenant.refuse(FILTER, ip_allow_list=[GATEWAY])
    assert "enable_organization_customization=true" in told
    assert "Enable-OrganizationCustomization" not in tenant.writes()


def test_a_dehydrated_tenant_is_hydrated_and_waited_for(tenant):
    tenant.organization(dehydrated=True, hydration=3, flag_lag=50)
    done = tenant.run(FILTER, ip_allow_list=[GATEWAY], enable_organization_customization=True)
    assert not done.get("failed"), done
    assert allowed(tenant) == [GATEWAY]
    assert tenant.writes()["Enable-OrganizationCustomization"] == 1
    tenant.apply(EDGE, **CONNECTOR, enable_organization_customization=True)


def test_a_tenant_that_somebody_else_is_hydrating(tenant):
    tenant.organization(dehydrated=True, hydration=3)
    tenant.world.cmdlet("Enable-OrganizationCustomization")
    done = tenant.run(FILTER, ip_allow_list=[GATEWAY], enable_organization_customization=True)
    assert not done.get("failed"), done


def test_a_connector_that_was_made_without_its_filtering_gets_it_in_the_next_run(tenant):
    tenant.fault(operation="Set-InboundConnector", code="InternalError", status=500)
    tenant.refuse(EDGE, **CONNECTOR)
    assert tenant.held("InboundConnector", "edge")["EFSkipLastIP"] is False
    assert tenant.run(EDGE, **CONNECTOR)["changed"]
    assert tenant.held("InboundConnector", "edge")["EFSkipLastIP"] is True
