"""Debian's servers, each in a root directory of its own, so that packages which exclude each other
stand side by side and the machine stays as it is.

Promises: a root is made once by mmdebstrap and kept in `$XDG_CACHE_HOME/gatepost/bench`; a server
runs in it behind chroot and a mount namespace, and shares the machine's kernel, loopback and disk.
Its spool is bound in from the run's directory. Where that cannot be, `Unavailable` says why.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

SUITE: Final = "bookworm"
CACHE: Final = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gatepost" / "bench"
)


class Unavailable(Exception):
    """This machine cannot run a peer; the text says what it lacks."""


def root(*packages: str) -> Path:
    """A Debian with these packages, made at the first call. Raises Unavailable."""
    key = hashlib.sha256(" ".join((SUITE, *packages)).encode()).hexdigest()[:12]
    made = CACHE / f"{packages[0]}-{key}"
    if made.is_dir():
        return made
    if os.geteuid() != 0:
        raise Unavailable("needs root for chroot and private mounts")
    for program in ("mmdebstrap", "unshare", "chroot"):
        if shutil.which(program) is None:
            raise Unavailable(f"needs {program}: apt install mmdebstrap util-linux")
    CACHE.mkdir(parents=True, exist_ok=True)
    part = made.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    done = subprocess.run(
        [
            *("mmdebstrap", "--quiet", "--variant=essential"),
            *(f"--include={','.join(packages)}", SUITE, str(part)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(f"mmdebstrap: {done.stderr.strip().splitlines()[-1]}")
    # No name is looked up beyond these files: a server that asks for its client's name is told at
    # once, as by a resolver that has it.
    (part / "etc/hosts").write_text("127.0.0.1 localhost\n")
    (part / "etc/resolv.conf").write_text("lookup file\n")
    part.rename(made)
    return made


def version(made: Path, package: str) -> str:
    done = subprocess.run(
        ["dpkg-query", f"--admindir={made}/var/lib/dpkg", "-W", "-f", "${Version}", package],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


# $1: the root; then a "from:to" for each bind, "--", and the command.
_ENTER: Final = """
root=$1; shift
while [ "$1" != -- ]; do
  to=$root${1#*:}
  if [ -d "${1%%:*}" ]; then mkdir -p "$to"; else mkdir -p "$(dirname "$to")"; : >>"$to"; fi
  mount --bind "${1%%:*}" "$to"
  shift
done
shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
exec chroot "$root" "$@"
"""


def command(made: Path, binds: Mapping[Path, str], inside: Sequence[str]) -> list[str]:
    """What runs a command in the root. binds: of the machine's paths, by their place inside."""
    pairs = [f"{outside}:{place}" for outside, place in binds.items()]
    start = ["unshare", "--mount", "--propagation", "private", "sh", "-euc", _ENTER, "sh"]
    return [*start, str(made), *pairs, "--", *inside]


def owner(made: Path, user: str) -> tuple[int, int]:
    """User and group id of a user of the root."""
    for line in (made / "etc/passwd").read_text().splitlines():
        name, _password, uid, gid, *_rest = line.split(":")
        if name == user:
            return int(uid), int(gid)
    raise LookupError(user)
