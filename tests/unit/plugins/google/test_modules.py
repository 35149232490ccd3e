"""Both modules as Ansible runs them: main() with arguments in, JSON out."""

import json
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.gatepost.mail.plugins.modules import (
    google_inbound_gateway_attestation,
    google_inbound_gateway_info,
)


@pytest.fixture
def run(capsys):
    def call(module, check=False, **options):
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(capsys.readouterr().out)

    return call


@pytest.fixture
def attest(run, tmp_path):
    def call(**options):
        given = {
            "domain": "example.com",
            "region": "us-east-1",
            "attested_by": "Jane Roe",
            "path": str(tmp_path / "new" / "example.com.json"),
        }
        given.update(options)
        return run(
            google_inbound_gateway_attestation,
            **{name: value for name, value in given.items() if value is not None},
        )

    return call


@pytest.fixture
def info(run, tmp_path):
    def call(**options):
        given = {
            "domain": "example.com",
            "region": "us-east-1",
            "attestation_file": str(tmp_path / "new" / "example.com.json"),
        }
        given.update(options)
        return run(google_inbound_gateway_info, **given)

    return call


def test_check_mode_predicts_and_writes_nothing(attest, tmp_path):
    predicted = attest(check=True)
    assert predicted["changed"]
    assert not (tmp_path / "new").exists()
    done = attest()
    for result in (predicted, done):
        result["attestation"].pop("attested_at")
    assert predicted["attestation"] == done["attestation"]
    assert predicted["diff"]["before"] == done["diff"]["before"] == ""


def test_a_second_run_changes_nothing_and_keeps_the_time(attest):
    first, second = attest(), attest()
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["attestation"] == second["attestation"]
    assert second["diff"]["before"] == second["diff"]["after"]


def test_another_region_voids_and_replaces(attest, info):
    attest()
    assert info(region="eu-west-1")["unknown"]
    result = attest(region="eu-west-1")
    assert (result["changed"], result["voided"]) == (True, True)
    assert info(region="eu-west-1")["unknown"] == []


def test_another_person_is_another_statement(attest):
    attest()
    result = attest(attested_by="Ann Other")
    assert (result["changed"], result["voided"]) == (True, False)


def test_withdrawing(attest, tmp_path):
    attest()
    absent = {"state": "absent", "region": None, "attested_by": None}
    assert attest(**absent, check=True)["changed"]
    assert attest(**absent)["changed"]
    assert not attest(**absent)["changed"]
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"attested_by": "  "}, "attested_by"),
        ({"attested_by": None}, "attested_by"),
        ({"region": None}, "region"),
        ({"region": "mars-1"}, "mars-1"),
        ({"gateway_ips": ["206.55.129.0/24"]}, "mutually exclusive"),
        ({"region": None, "gateway_ips": ["10.0.0.0/8"]}, "private"),
        ({"domain": "no domain"}, "domain"),
        ({"require_tls": "perhaps"}, "require_tls"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(attest, tmp_path, options, word):
    result = attest(**options)
    assert result["failed"]
    assert word in result["msg"]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "not json",
        lambda text: "[]",
        lambda text: text.replace("206.55.129.0", "206.55.130.0"),
        lambda text: text.replace('"require_tls": true', '"require_tls": false'),
        lambda text: text.replace('"version": 1', '"version": 2'),
        lambda text: text.replace("T", " T0"),
    ],
)
def test_an_edited_file_is_an_error_for_both_modules(attest, info, tmp_path, damage):
    attest()
    path = tmp_path / "new" / "example.com.json"
    path.write_text(damage(path.read_text()))
    for result in (attest(), info()):
        assert result["failed"]
        assert str(path) in result["msg"]


def test_a_file_of_another_domain_is_not_withdrawn(attest):
    attest()
    result = attest(state="absent", domain="example.org")
    assert "example.com" in result["msg"]


def test_info_works_without_anything_and_says_so(info):
    result = info()
    assert result["changed"] is False
    assert len(result["unknown"]) == 5
    assert result["policy_api"] == {
        "asked": False,
        "note": "not asked: no credentials",
        "policies": [],
    }
    assert "206.55.129.0/24" in " ".join(result["instructions"])


def google(world):
    return {
        "credentials_file": world.env["GATEPOST_GOOGLE_CREDENTIALS"],
        "subject": world.admin,
        "endpoint": world.env["GATEPOST_GOOGLE_ENDPOINT"],
    }


GATEWAY = {
    "enabled": True,
    "gateway_ips": ["206.55.129.0/24"],
    "detect_external_ip": True,
    "require_tls": True,
}


def test_the_log_corroborates_a_statement_and_voids_it(world, attest, info):
    world.control("PUT", "/google/gateway", GATEWAY)
    attest()
    result = info(**google(world))
    assert len(result["attested"]) == 5
    assert "the audit log agrees" in result["settings"]["enabled"]["evidence"][1]
    assert result["policy_api"]["note"] == "does not show the setting"
    world.control("POST", "/clock", {"advance": 60})
    world.control("PUT", "/google/gateway", {**GATEWAY, "require_tls": False})
    assert info(**google(world))["attested"] == []


def test_other_events_are_kept_raw(world, info):
    world.control(
        "POST",
        "/google/audit",
        {"name": "CHANGE_GMAIL_SETTING", "parameters": {"SETTING_NAME": "COMPLIANCE"}},
    )
    log = info(**google(world))["audit_log"]
    assert log["matched"] == []
    assert log["unmatched"][0]["parameters"] == {"SETTING_NAME": "COMPLIANCE"}


def test_the_day_the_policy_api_shows_it_it_is_compared(world, info):
    world.control("PUT", "/google/gateway", {**GATEWAY, "require_tls": False})
    world.control("POST", "/google/tenant", {"policy_api_shows_gateway": True})
    result = info(**google(world))
    assert result["verified"] == ["gateway_ips", "enabled", "detect_external_ip", "reject_others"]
    assert result["contradictions"] == ["require_tls"]


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("operation", ["cloudidentity.policies.list", "reports.activities.list"])
def test_an_api_failure_is_an_error_never_absent(world, info, operation, status):
    world.control(
        "POST",
        "/faults",
        {
            "service": "google",
            "operation": operation,
            "code": "forbidden",
            "status": status,
            "message": "no such luck",
            "count": 10,
        },
    )
    result = info(**google(world))
    assert result["failed"]
    assert operation in result["msg"]
    assert str(status) in result["msg"]


def test_credentials_that_are_none_are_named_without_their_content(world, info, tmp_path):
    path = Path(tmp_path / "key.json")
    path.write_text('{"private_key": "S3CRET"}')
    result = info(**{**google(world), "credentials_file": str(path)})
    assert result["failed"]
    assert "credentials_file" in result["msg"]
    assert "S3CRET" not in json.dumps(result)
    assert info(**{**google(world), "credentials_file": str(tmp_path / "none")})["failed"]


def test_another_subject_than_the_administrator_is_an_error(world, info):
    result = info(**{**google(world), "subject": "jane@example.com"})
    assert "HTTP 403" in result["msg"]


def test_a_message_that_cannot_be_read_is_an_error(info, tmp_path):
    result = info(message_file=str(tmp_path / "none.eml"))
    assert "message_file" in result["msg"]
