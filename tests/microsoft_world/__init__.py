"""A running Microsoft 365 with its mailboxes, for the real clients."""

import json
from urllib.request import Request, urlopen

import msal
import pytest
import requests

import emulators

EXCHANGE = "https://outlook.office365.com"
GRAPH = "https://graph.microsoft.com"


class World:
    """The emulators' addresses, with short ways to their control endpoint and to Microsoft."""

    def __init__(self, info):
        self.info = info
        self.env = info["env"]
        self.tenant = self.env["GATEPOST_M365_TENANT"]
        self.client_id = self.env["GATEPOST_M365_CLIENT_ID"]
        self.token = None

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.info["control"] + path, data, method=method)
        with urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def session(self):
        session = requests.Session()
        session.trust_env = False
        session.verify = self.info["ca"]
        return session

    def credential(self):
        """msal's form of the announced key and certificate."""
        with open(self.env["GATEPOST_M365_CERTIFICATE"]) as file:
            pem = file.read()
        border = pem.index("-----BEGIN CERTIFICATE")
        return {"private_key": pem[:border], "public_certificate": pem[border:]}

    def sign_in(self, resource=EXCHANGE, credential=None, tenant=None, client_id=None):
        """msal's answer to a client credentials request."""
        application = msal.ConfidentialClientApplication(
            client_id or self.client_id,
            authority=f"{self.env['GATEPOST_M365_AUTHORITY']}/{tenant or self.tenant}",
            client_credential=credential or self.env["GATEPOST_M365_CLIENT_SECRET"],
            http_client=self.session(),
            instance_discovery=False,
        )
        return application.acquire_token_for_client([f"{resource}/.default"])

    def invoke(self, cmdlet, parameters=None, *, token=None, url=None, **headers):
        """The HTTP answer to a cmdlet over the wire; one token serves a whole test."""
        if token is None:
            self.token = self.token or self.sign_in()["access_token"]
            token = self.token
        base = self.env["GATEPOST_M365_EXCHANGE_ENDPOINT"]
        return self.session().post(
            url or f"{base}/adminapi/beta/{self.tenant}/InvokeCommand",
            json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters or {}}},
            headers={"Authorization": f"Bearer {token}", **headers},
            timeout=10,
        )

    def cmdlet(self, cmdlet, **parameters):
        """Run a cmdlet by control, as an administrator would; its objects."""
        body = {"CmdletName": cmdlet, "Parameters": parameters}
        return self.control("POST", "/exchange/cmdlet", body)["value"]

    def smtp(self, name):
        host, _, port = self.info["smtp"][name].rpartition(":")
        return host, int(port)


@pytest.fixture(scope="module")
def running():
    with emulators.running(only=["login", "exchange_online", "graph", "mailboxes"]) as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    running.control("POST", "/reset")
    running.token = None
    return running
