"""The identity platform with msal as its client, and with assertions made by hand."""

import base64
import time

import jwt
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from microsoft_world import EXCHANGE, GRAPH


def claims(answer):
    return jwt.decode(answer["access_token"], options={"verify_signature": False})


def code(answer):
    assert "access_token" not in answer
    assert answer["error_description"].startswith(f"AADSTS{answer['error_codes'][0]}: ")
    return answer["error_codes"][0]


@pytest.mark.parametrize("resource", [EXCHANGE, GRAPH])
def test_a_secret_and_a_certificate_sign_in(world, resource):
    for credential in (None, world.credential()):
        answer = claims(world.sign_in(resource, credential))
        assert answer["aud"] == resource
        assert answer["tid"] == world.tenant
        assert answer["appid"] == world.client_id
    assert "Exchange.ManageAsApp" in claims(world.sign_in())["roles"]


def test_a_thumbprint_of_sha1_signs_in(world):
    credential = world.credential()
    certificate = x509.load_pem_x509_certificate(credential.pop("public_certificate").encode())
    credential["thumbprint"] = certificate.fingerprint(hashes.SHA1()).hex()
    assert claims(world.sign_in(credential=credential))["tid"] == world.tenant


@pytest.mark.parametrize("tenant", ["acme.com", "acme.onmicrosoft.com"])
def test_a_tenant_has_its_domains_names(world, tenant):
    assert claims(world.sign_in(tenant=tenant))["tid"] == world.tenant


@pytest.mark.parametrize(
    ("change", "number"),
    [
        ({"credential": "guess"}, 7000215),
        ({"client_id": "6731de76-14a6-49ae-97bc-6eba6914391e"}, 700016),
        ({"resource": "https://outlook.office365.us"}, 500011),
        ({"resource": "https://example.org"}, 500011),
    ],
)
def test_what_is_wrong_has_its_code(world, change, number):
    assert code(world.sign_in(**change)) == number


def test_an_unknown_tenant_has_no_authority(world):
    with pytest.raises(ValueError, match="double check your tenant name"):
        world.sign_in(tenant="nowhere.example")


@pytest.mark.parametrize(
    ("change", "number"), [({"enabled": False}, 7000112), ({"secret_expired": True}, 7000222)]
)
def test_an_application_may_be_out_of_order(world, change, number):
    world.control("POST", "/login/application", change)
    assert code(world.sign_in()) == number


def test_a_certificate_that_is_not_registered_is_refused(world):
    world.control("POST", "/login/certificates", {"pem": []})
    assert code(world.sign_in(credential=world.credential())) == 700027


def test_a_token_names_the_roles_of_its_moment(world):
    world.control("POST", "/login/application", {"permissions": [], "directory_roles": []})
    answer = claims(world.sign_in())
    assert "roles" not in answer
    assert "wids" not in answer


class Assertion:
    """An assertion as msal makes it, with one thing wrong."""

    def __init__(self, world):
        self.world = world
        credential = world.credential()
        self.key = credential["private_key"]
        certificate = x509.load_pem_x509_certificate(credential["public_certificate"].encode())
        print_ = base64.urlsafe_b64encode(certificate.fingerprint(hashes.SHA256())).decode()
        now = time.time()
        self.url = f"{world.env['GATEPOST_M365_AUTHORITY']}/{world.tenant}/oauth2/v2.0/token"
        self.headers = {"x5t#S256": print_}
        self.claims = {
            "aud": self.url,
            "iss": world.client_id,
            "sub": world.client_id,
            "exp": now + 600,
            "nbf": now,
        }
        self.form = {
            "client_id": world.client_id,
            "grant_type": "client_credentials",
            "scope": f"{EXCHANGE}/.default",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }

    def token(self):
        return jwt.encode(self.claims, self.key, algorithm="PS256", headers=self.headers)

    def post(self, token=None):
        form = {**self.form, "client_assertion": token or self.token()}
        return self.world.session().post(self.url, data=form, timeout=10)


def test_an_assertion_made_by_hand_signs_in(world):
    assert "access_token" in Assertion(world).post().json()


@pytest.mark.parametrize(
    ("wrong", "number"),
    [
        ({"exp": 1000.0}, 700024),
        ({"nbf": time.time() + 3600}, 700024),
        ({"exp": time.time() + 200000}, 700024),
        ({"exp": "soon"}, 50027),
        ({"aud": "https://login.microsoftonline.com/common"}, 700023),
        ({"aud": ["a"]}, 700023),
        ({"iss": "somebody"}, 700021),
        ({"sub": "somebody"}, 700021),
    ],
)
def test_a_wrong_claim_is_refused(world, wrong, number):
    assertion = Assertion(world)
    assertion.claims |= wrong
    answer = assertion.post()
    assert answer.status_code in (400, 401)
    assert code(answer.json()) == number


@pytest.mark.parametrize(
    ("headers", "number"),
    [
        ({}, 5002730),
        ({"x5t#S256": "é"}, 5002730),
        ({"x5t": base64.urlsafe_b64encode(b"x" * 20).decode()}, 700027),
    ],
)
def test_a_wrong_thumbprint_is_refused(world, headers, number):
    assertion = Assertion(world)
    assertion.headers = headers
    assert code(assertion.post().json()) == number


def test_another_key_does_not_sign(world):
    from cryptography.hazmat.primitives.asymmetric import rsa

    assertion = Assertion(world)
    assertion.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert code(assertion.post().json()) == 700027


@pytest.mark.parametrize("token", ["x", "a.b.c", "ey\0"])
def test_what_is_no_jwt_is_refused(world, token):
    assert code(Assertion(world).post(token).json()) == 50027


def test_no_algorithm_is_no_signature(world):
    assertion = Assertion(world)
    token = jwt.encode(assertion.claims, "", algorithm="none", headers=assertion.headers)
    assert code(assertion.post(token).json()) == 5002723


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({"grant_type": None}, 900144),
        ({"grant_type": "password"}, 70003),
        ({"client_id": None}, 900144),
        ({"scope": None}, 900144),
        ({"scope": f"{EXCHANGE}/Mail.Read"}, 1002012),
        ({"scope": f"{EXCHANGE}/.default {GRAPH}/.default"}, 1002012),
        ({"client_secret": None}, 7000216),
        ({"grant_type": ["client_credentials", "password"]}, 9001013),
    ],
)
def test_a_wrong_form_is_refused(world, form, number):
    good = {
        "client_id": world.client_id,
        "client_secret": world.env["GATEPOST_M365_CLIENT_SECRET"],
        "grant_type": "client_credentials",
        "scope": f"{EXCHANGE}/.default",
    }
    url = f"{world.env['GATEPOST_M365_AUTHORITY']}/{world.tenant}/oauth2/v2.0/token"
    answer = world.session().post(url, data={**good, **form}, timeout=10)
    assert code(answer.json()) == number


def test_no_tenant_is_named_by_common(world):
    with pytest.warns(DeprecationWarning, match="specific tenant"):
        assert code(world.sign_in(tenant="organizations")) == 50059


def test_an_unhappy_platform_is_passed_on(world):
    fault = {"service": "login", "operation": "token", "code": "temporarily_unavailable"}
    world.control("POST", "/faults", fault)
    assert world.sign_in()["error"] == "temporarily_unavailable"
    world.control("POST", "/faults", {**fault, "status": 503})
    with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
        world.sign_in()


class ByName(requests.adapters.HTTPAdapter):
    """Leads every host to one port of loopback, as a resolver would; TLS checks the host."""

    def __init__(self, port):
        super().__init__()
        self.port = port

    def get_connection_with_tls_context(self, request, verify, proxies=None, cert=None):
        host = requests.utils.urlparse(request.url).hostname
        pool = {"assert_hostname": host, "server_hostname": host, "ca_certs": verify}
        request.headers["Host"] = host
        return self.poolmanager.connection_from_host(
            "127.0.0.1", self.port, "https", pool_kwargs=pool
        )


@pytest.mark.parametrize(
    ("cloud", "host", "exchange"),
    [
        ("usgov_gcc_high", "login.microsoftonline.us", "https://outlook.office365.us"),
        ("usgov_dod", "login.microsoftonline.us", "https://webmail.apps.mil"),
        ("china", "login.partner.microsoftonline.cn", "https://partner.outlook.cn"),
        ("public", "login.microsoftonline.com", EXCHANGE),
    ],
)
def test_a_national_cloud_has_its_own_names(world, cloud, host, exchange):
    world.control("POST", "/login/tenant", {"cloud": cloud})
    session = world.session()
    session.mount("https://", ByName(int(world.info["login"].rpartition(":")[2])))
    application = msal.ConfidentialClientApplication(
        world.client_id,
        authority=f"https://{host}/{world.tenant}",
        client_credential=world.credential(),
        http_client=session,
    )
    answer = application.acquire_token_for_client([f"{exchange}/.default"])
    assert claims(answer)["aud"] == exchange
    other = "login.microsoftonline.com" if cloud != "public" else "login.microsoftonline.us"
    with pytest.raises(ValueError, match="double check your tenant"):
        msal.ConfidentialClientApplication(
            world.client_id,
            authority=f"https://{other}/{world.tenant}",
            client_credential="x",
            http_client=session,
        ).acquire_token_for_client([f"{exchange}/.default"])


def test_an_instance_is_discovered_or_unknown(world):
    url = f"{world.info['login']}/common/discovery/instance"

    def ask(endpoint):
        query = {"api-version": "1.1", "authorization_endpoint": endpoint}
        return world.session().get(url, params=query, timeout=10)

    known = ask(f"https://login.microsoftonline.com/{world.tenant}/oauth2/v2.0/authorize")
    assert known.json()["tenant_discovery_endpoint"].endswith("/.well-known/openid-configuration")
    unknown = ask("https://login.example.org/x/oauth2/v2.0/authorize")
    assert (unknown.status_code, unknown.json()["error"]) == (400, "invalid_instance")


@pytest.fixture
def identity(world, monkeypatch):
    name = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
    monkeypatch.setenv(name, world.env[name])

    def ask(kind=None, resource=EXCHANGE):
        client = msal.ManagedIdentityClient(
            kind or msal.SystemAssignedManagedIdentity(), http_client=world.session()
        )
        return client.acquire_token_for_client(resource=resource)

    return ask


def test_a_managed_identity_signs_in(world, identity):
    state = world.control("GET", "/login/tenant")["managed_identity"]
    assert claims(identity())["appid"] == state["client_id"]
    named = msal.UserAssignedManagedIdentity(client_id=state["client_id"])
    assert claims(identity(named, GRAPH))["aud"] == GRAPH


def test_a_managed_identity_may_be_missing(world, identity):
    other = msal.UserAssignedManagedIdentity(client_id="8f1f7f4b-3f6c-4c05-9d3f-0b8d6f0a3a11")
    assert identity(other)["error_description"] == "Identity not found"
    assert "AADSTS500011" in identity(resource="https://example.org")["error_description"]
    world.control("POST", "/login/identity", {"present": False})
    assert identity()["error"] == "invalid_request"


def test_the_metadata_service_wants_its_header(world):
    url = world.env["AZURE_POD_IDENTITY_AUTHORITY_HOST"] + "/metadata/identity/oauth2/token"
    query = {"api-version": "2018-02-01", "resource": EXCHANGE}
    assert world.session().get(url, params=query, timeout=10).status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/login/tenant", {"cloud": "moon"}),
        ("/login/tenant", {"token_lifetime": True}),
        ("/login/application", {"permissions": ["Everything"]}),
        ("/login/application", {"enabled": 1}),
        ("/login/application", {"name": "x"}),
        ("/login/certificates", {"pem": "x"}),
        ("/login/identity", {"present": "no"}),
    ],
)
def test_control_refuses_what_it_does_not_know(world, path, body):
    answer = requests.post(world.info["control"] + path, json=body, timeout=10)
    assert answer.status_code == 400
