"""Prints the files that the collection's artifact holds: tracked or new, minus build_ignore of
galaxy.yml."""

from __future__ import annotations

import fnmatch
import subprocess
from pathlib import Path

import yaml


def shipped() -> list[str]:
    ignored = yaml.safe_load(Path("galaxy.yml").read_text())["build_ignore"]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    return sorted(
        {
            name
            for name in listed
            if name
            and (Path(name).exists() or Path(name).is_symlink())
            and not any(
                fnmatch.fnmatch(name, pattern) or name.split("/")[0] == pattern
                for pattern in ignored
            )
        }
    )


if __name__ == "__main__":
    print("\n".join(shipped()))
