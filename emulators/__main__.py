"""`python -m emulators`: every emulator in the foreground, until SIGTERM or SIGINT."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from emulators.frame import COMPONENTS, running


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m emulators", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/emulators.json"), metavar="FILE")
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="keep all state between runs here"
    )
    parser.add_argument(
        "--only", metavar="NAME,…", help=f"some of {', '.join(COMPONENTS)}; all without it"
    )
    options = parser.parse_args(arguments)
    only = None if options.only is None else [name for name in options.only.split(",") if name]

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with running(only, state=options.state, output=options.output) as info:
            for name, value in info.items():
                if isinstance(value, str):
                    print(f"{name:8} {value}")
            print(f"ready: {options.output}", flush=True)
            stop.wait()
    except (OSError, ValueError) as error:
        print(f"emulators: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
