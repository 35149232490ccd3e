"""What ansible-doc prints names all that the API takes, and every module is in the action group."""

import importlib
from pathlib import Path

import pytest
import yaml
from ansible_collections.gatepost.mail.plugins.module_utils._schema import SHAPES
from ansible_collections.gatepost.mail.plugins.module_utils._shapes import snake

ROOT = Path(__file__).parents[3]
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
MAIL_MANAGER = ("Relay", "RuleSet", "TrafficPolicy", "IngressPoint", "Archive", "AddressList")
# Members that are options under another name, because they are references or read back otherwise.
RENAMED = {
    "RelayName": "name",
    "RuleSetName": "name",
    "TrafficPolicyName": "name",
    "IngressPointName": "name",
    "ArchiveName": "name",
    "AddressListName": "name",
    "RuleSetId": "rule_set",
    "TrafficPolicyId": "traffic_policy",
}


def documentation(module):
    file = importlib.import_module(f"ansible_collections.gatepost.mail.plugins.modules.{module}")
    return yaml.safe_load(file.DOCUMENTATION)


def reachable(shape):
    """The names of all members below a shape, in snake_case."""
    described = SHAPES[shape]
    if described["type"] == "list":
        return reachable(described["member"])
    found = set()
    for name, member in described.get("members", {}).items():
        found |= {snake(name)} | reachable(member)
    return found


@pytest.mark.parametrize(
    ("module", "option", "shape"),
    [
        ("mailmanager_rule_set", "rules", "Rules"),
        ("mailmanager_traffic_policy", "policy_statements", "PolicyStatementList"),
        ("mailmanager_ingress_point", "network_configuration", "NetworkConfiguration"),
        ("mailmanager_relay", "authentication", "RelayAuthentication"),
        ("mailmanager_archive", "retention", "ArchiveRetention"),
    ],
)
def test_a_document_is_described_to_its_last_member(module, option, shape):
    text = " ".join(documentation(module)["options"][option]["description"])
    assert {name for name in reachable(shape) if f"C({name})" not in text} == set()


def test_every_period_of_retention_is_named():
    text = " ".join(documentation("mailmanager_archive")["options"]["retention"]["description"])
    periods = SHAPES["RetentionPeriod"]["enum"]
    assert [period for period in periods if f"V({period})" not in text] == []


@pytest.mark.parametrize("kind", MAIL_MANAGER)
def test_every_member_of_a_creation_is_an_option(kind):
    # Those of documentation fragments are not listed here.
    options = set(documentation(f"mailmanager_{snake(kind)}")["options"]) | {"name", "tags"}
    for member in SHAPES[f"Create{kind}Request"]["members"]:
        if member not in ("ClientToken", "IngressPointConfiguration"):
            assert RENAMED.get(member, snake(member)) in options


def test_the_action_group_holds_every_module_of_aws():
    group = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]["aws"]
    assert group == sorted(
        module
        for module in MODULES
        if "AnsibleAWSModule(" in (ROOT / f"plugins/modules/{module}.py").read_text()
    )
