"""The generated schema, and the links by which the collection shares it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gatepost.policy.schema import SHAPES
from gatepost.policy.shapes import snake

ROOT = Path(__file__).parents[3]
POLICY = ROOT / "roles/relay/files/gatepost/src/gatepost/policy"


def test_regenerating_it_gives_the_identical_file() -> None:
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools/generate_schema.py"), "--check"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_no_two_members_of_a_shape_share_a_spelling(name: str) -> None:
    members = list(SHAPES[name].get("members", ()))  # type: ignore[call-overload]
    spellings = [spelling for each in members for spelling in {each, snake(each)}]
    assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("WriteToS3", "write_to_s3"),
        ("S3SseKmsKeyId", "s3_sse_kms_key_id"),
        ("DeliverToQBusiness", "deliver_to_q_business"),
        ("ARecord", "a_record"),
        ("CAContent", "ca_content"),
        ("Ipv6Expression", "ipv6_expression"),
        ("RuleSetName", "rule_set_name"),
    ],
)
def test_snake_case(name: str, spelling: str) -> None:
    assert snake(name) == spelling


@pytest.mark.parametrize("name", ["shapes", "schema", "quotas"])
def test_the_collection_links_to_the_one_source(name: str) -> None:
    link = ROOT / f"plugins/module_utils/_{name}.py"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert link.resolve() == (POLICY / f"{name}.py").resolve()


def test_what_the_collection_links_to_needs_no_distribution() -> None:
    program = (
        "import sys; sys.modules['gatepost'] = None\n"
        "from ansible_collections.gatepost.mail.plugins.module_utils import"
        " _quotas, _schema, _shapes\n"
        "print(_shapes.normalize(_schema.SHAPES, 'Rules', []))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert made.stdout.strip() == "[]"


def test_the_policy_language_needs_the_standard_library_alone() -> None:
    program = (
        "import pkgutil, sys, importlib, gatepost.policy as p\n"
        "[importlib.import_module(f'gatepost.policy.{m.name}')"
        " for m in pkgutil.iter_modules(p.__path__)]\n"
        "names = {m.partition('.')[0] for m in sys.modules} - {'gatepost', '__main__'}\n"
        "print(sorted(n for n in names if n in ('yaml', 'botocore', 'dns', 'uvloop', 'asyncio')))\n"
        "print(sorted(m for m in sys.modules if m.startswith('gatepost.')"
        " and not m.startswith('gatepost.policy')))"
    )
    made = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    # `quick` needs no more itself: it is loaded here with all that it imports.
    assert made.stdout.splitlines() == ["[]", "['gatepost.quick']"]
