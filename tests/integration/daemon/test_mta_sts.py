"""MTA-STS by a whole daemon. Mail exchangers and policy hosts have ports of their own (25, 443) and
addresses of the internet, so that each case of mta_sts_cases runs in a network of its own, which
has such addresses on loopback and no way out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.daemon import mta_sts_cases

ROOT = Path(__file__).parents[3]
FILE = Path(mta_sts_cases.__file__)


@pytest.mark.parametrize("case", [it for it in vars(mta_sts_cases) if it.startswith("test_")])
def test_case(case: str) -> None:
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{FILE}::{case}"]
    done = subprocess.run(
        [*alone, *run], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
