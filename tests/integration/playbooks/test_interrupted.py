"""A whole onboarding that is cut off again and again ends where an undisturbed one does."""

import json
from pathlib import Path

from tests.integration.playbooks.conftest import Play
from tests.integration.plugins.driving import Aws
from tests.integration.plugins.world import census

PASSWORD = "Open-Sesame-42-Interrupted"
# Each is carried out, and whoever asked for it never hears so.
CUT = (
    ("kms", "CreateKey"),
    ("secretsmanager", "CreateSecret"),
    ("mailmanager", "CreateIngressPoint"),
)


def test_cut_off_three_times(aws: Aws, play: Play, tmp_path: Path) -> None:
    declared = {
        "gatepost_domain": "example.com",
        "gatepost_region": "eu-west-1",
        "gatepost_exchange_host": "exchange.example.net",
        "gatepost_read_dns": False,
        "gatepost_attestation_file": str(tmp_path / "attestation.json"),
    }
    (tmp_path / "domain.json").write_text(json.dumps(declared))
    onboarding = ("onboard_google_workspace", "-e", f"@{tmp_path / 'domain.json'}")
    play(*onboarding, password=PASSWORD)
    undisturbed = census()
    aws.reset()
    for service, operation in CUT:
        aws.fault(service=service, operation=operation, after=True, reset=True)
        broken = play(*onboarding, password=PASSWORD, status=2)
        assert f"{operation}: " in broken.printed
    play(*onboarding, password=PASSWORD)
    assert census() == undisturbed
