"""`python -m tests.upstream [OPTIONS OF PYTEST]`: fetches, runs, counts; exits as pytest does."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.upstream.sdist import ROOT, unpacked

# Those that concern the server's class. The others test aiosmtpd's command line, its choice of an
# event loop and, in the rest of test_server.py, its Controller; Gatepost runs none of them.
TESTS = (
    *("test_smtp.py", "test_starttls.py", "test_smtps.py", "test_smtpsmuggling.py"),
    *("test_proxyprotocol.py", "test_lmtp.py", "test_server.py::TestServer", "test_handlers.py"),
)


def main() -> int:
    folder = unpacked()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.upstream.plugin"]
    command += ["-p", "no:cacheprovider", "-c", os.devnull, f"--rootdir={folder}"]
    command += ["-W", "ignore", "--no-header", "--tb=short", *sys.argv[1:]]
    command += [f"{folder / 'aiosmtpd' / 'tests'}/{name}" for name in TESTS]
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
