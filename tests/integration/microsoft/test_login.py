"""Every way to sign in, by the real msal; what fails says what, and never a secret."""

import pytest

GATEWAY = "206.55.133.0/24"
INFO = "m365_connection_filter_policy_info"


@pytest.fixture
def secret_alone(tenant, monkeypatch):
    monkeypatch.delenv("GATEPOST_M365_CERTIFICATE")
    return tenant


def test_certificate(tenant):
    assert tenant.run(INFO)["policies"][0]["name"] == "Default"


def test_secret(secret_alone):
    assert secret_alone.run(INFO)["policies"]


def test_managed_identity(tenant):
    assert tenant.run(INFO, managed_identity=True, client_id="")["policies"]


def test_tenant_by_its_domain(tenant):
    assert tenant.run(INFO, tenant_id="acme.com")["policies"]


@pytest.mark.parametrize(
    ("cloud", "known_as"),
    [
        ("us_government_gcc_high", "usgov_gcc_high"),
        ("us_government_dod", "usgov_dod"),
        ("china", "china"),
    ],
)
def test_national_clouds(tenant, cloud, known_as):
    tenant.world.control("POST", "/login/tenant", {"cloud": known_as})
    assert tenant.run(INFO, cloud=cloud)["policies"]
    assert tenant.run(INFO).get("failed"), "a token of another cloud must not do"


def test_a_secret_that_has_ended(secret_alone):
    secret_alone.world.control("POST", "/login/application", {"secret_expired": True})
    told = secret_alone.refuse(INFO)
    assert "signing in at" in told
    assert "AADSTS" in told


def test_a_wrong_secret(secret_alone):
    told = secret_alone.refuse(INFO, client_secret="Wrong-Sesame-17")
    assert "AADSTS7000215" in told
    assert "Wrong-Sesame" not in told


def test_a_certificate_that_is_not_registered(tenant):
    tenant.world.control("POST", "/login/certificates", {"pem": []})
    assert "AADSTS700027" in tenant.refuse(INFO)


def test_a_file_that_is_no_certificate(tenant, tmp_path):
    file = tmp_path / "key.pem"
    assert f"{file}: No such file" in tenant.refuse(INFO, certificate_file=str(file))
    file.write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    told = tenant.refuse(INFO, certificate_file=str(file))
    assert "must hold a private key and its certificate" in told
    assert "c2VjcmV0" not in told


def test_an_authority_nobody_vouches_for(tenant, monkeypatch):
    monkeypatch.delenv("GATEPOST_M365_CA")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    assert "certificate verify failed" in tenant.refuse(INFO)


def test_what_the_environment_trusts_does_not_count(tenant, tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    assert tenant.run(INFO)["policies"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"authority": "http://localhost"}, "authority: is not an https URL"),
        ({"exchange_endpoint": "ftp://x"}, "exchange_endpoint: is not an https URL"),
        ({"tenant_id": "a/b"}, "tenant_id: is neither a GUID nor a domain"),
        ({"tenant_id": ""}, "tenant_id: is needed"),
        ({"ca_file": "/nowhere/ca.pem"}, "there is no such file"),
    ],
)
def test_bad_options(tenant, options, told):
    assert told in tenant.refuse(INFO, **options)


def test_no_credential_at_all(secret_alone, monkeypatch):
    monkeypatch.delenv("GATEPOST_M365_CLIENT_SECRET")
    assert "or client_secret is needed" in secret_alone.refuse(INFO)


def test_the_service_of_tokens_is_down(tenant):
    tenant.world.control(
        "POST",
        "/faults",
        {"service": "login", "operation": "token", "code": "temporarily_unavailable", "count": 9},
    )
    assert "signing in at" in tenant.refuse(INFO)
