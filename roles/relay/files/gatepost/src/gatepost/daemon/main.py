"""`gatepostd`: the daemon's command. In the foreground until SIGTERM; SIGHUP reloads; --check
judges the file and ends.

Exit status: 0 done, 1 a worker could not start, 2 the file (or what it names) is wrong, told in one
line on standard error with file, path and reason.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gatepost
from gatepost.config import check
from gatepost.config.values import Config
from gatepost.daemon.log import JsonLog, descriptor
from gatepost.daemon.notify import Notifier
from gatepost.daemon.supervisor import Supervisor, read
from gatepost.errors import GatepostError


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="gatepostd", description="The mail relay that runs Mail Manager's documents."
    )
    parser.add_argument("--config", required=True, metavar="FILE")
    parser.add_argument("--check", action="store_true", help="judge the file and end: 0 or 2")
    parser.add_argument("--version", action="version", version=f"gatepostd {gatepost.__version__}")
    arguments = parser.parse_args(argv)
    # Nothing that the daemon creates is anybody else's to read.
    os.umask(0o027)
    try:
        file = Path(arguments.config).absolute()
        told, config = read(file)
        check.check(config)
        for warning in check.warnings(config):
            print(f"gatepostd: warning: {warning}", file=sys.stderr)
        if arguments.check:
            print(f"{config.file}: good")
            return 0
        return asyncio.run(_supervise(config, told))
    except GatepostError as error:
        print(f"gatepostd: {error}", file=sys.stderr)
        return 2


async def _supervise(config: Config, told: Any) -> int:
    record = JsonLog(descriptor(config.log.to))
    return await Supervisor(config, told, record, Notifier()).run()


if __name__ == "__main__":
    sys.exit(main())
