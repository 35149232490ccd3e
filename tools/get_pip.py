"""Stands in for the pip installer that ansible-test downloads: Python's own ensurepip does the
work.

Called as ansible-test calls the original, with pip's arguments. The environment is the one from
before the bootstrap, since ensurepip points PIP_CONFIG_FILE at nothing.
"""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)
ensurepip.bootstrap()
wanted = [
    argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")
]
sys.exit(
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *wanted], env=environment, check=False
    ).returncode
)
