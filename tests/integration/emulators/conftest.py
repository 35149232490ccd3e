"""All the emulators together, for what spans several of them."""

import json
from urllib.request import Request, urlopen

import boto3
import pytest

import emulators


class World:
    def __init__(self, info):
        self.info = info

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.info["control"] + path, data, method=method)
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def client(self, service):
        env = self.info["env"]
        return boto3.client(
            service,
            endpoint_url=self.info["aws"],
            region_name="us-east-1",
            aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        )


@pytest.fixture(scope="module")
def running():
    with emulators.running() as info:
        yield World(info)


@pytest.fixture
def world(running, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    running.control("POST", "/reset")
    running.control("POST", "/aws/timing", {"provisioning": 0, "updating": 0, "deprovisioning": 0})
    return running
