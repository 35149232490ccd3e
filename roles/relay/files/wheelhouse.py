"""Makes the wheelhouse of one release on the controller: the daemon's wheel and every wheel it
needs, in one tar archive, because one file reaches a host in a tenth of the time that twenty take.

A mail host needs no package index: what it installs is built and downloaded here, each file
checked against the hashes of requirements.txt, for the host's Python and architecture. What is
published as source alone becomes a wheel here, and the wheelhouse's own requirements.txt has that
wheel's hash. What makes wheels is locked too, in requirements-build.txt: nothing that others
publish runs here without a hash. The release is named by the distribution's version and a digest of
its sources, so that changed sources are another release.

    wheelhouse.py --python 3.11 --architecture x86_64 [--extra aws] [--cache DIRECTORY]

Prints {"release", "archive", "changed"} as JSON. Exit status 1 with the reason on standard
error when pip fails. Runs with the controller's Python; needs pip, Debian 12's or newer, and a
package index.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
DISTRIBUTION = HERE / "gatepost"
# By extra; "" is the daemon alone. A wheelhouse has its own, under the first one's name.
REQUIREMENTS = {"": HERE / "requirements.txt", "aws": HERE / "requirements-aws.txt"}
BUILD_REQUIREMENTS = HERE / "requirements-build.txt"
# Every tag that a Debian 12 or newer (glibc 2.36) accepts and that wheels are published under.
GLIBC_TAGS = (
    "manylinux2014",
    "manylinux_2_17",
    "manylinux_2_24",
    "manylinux_2_28",
    "manylinux_2_34",
)

LOCKED = ("--require-hashes", "--no-deps", "--only-binary=:all:")
# Published without a wheel; pure Python, so that any machine can make it.
SOURCE_ONLY = ("dkimpy", "pyspf")


def sources(requirements: Path) -> list[Path]:
    """The files that make a release, in a fixed order."""
    packaged = [
        path
        for path in sorted((DISTRIBUTION / "src").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    return [
        requirements,
        BUILD_REQUIREMENTS,
        DISTRIBUTION / "pyproject.toml",
        DISTRIBUTION / "README.md",
        *packaged,
    ]


def release_name(requirements: Path) -> str:
    digest = hashlib.sha256()
    for path in sources(requirements):
        digest.update(f"{path.relative_to(HERE)}\0".encode())
        digest.update(path.read_bytes())
    version = tomllib.loads((DISTRIBUTION / "pyproject.toml").read_text())["project"]["version"]
    return f"{version}-{digest.hexdigest()[:12]}"


def pip(*arguments: str, path: Path | None = None) -> None:
    """path: a folder of packages that what pip runs finds first."""
    environment = dict(os.environ) if path is None else {**os.environ, "PYTHONPATH": str(path)}
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", *arguments],
        check=True,
        stdout=sys.stderr,
        env=environment,
    )


def build(directory: Path, python: str, architecture: str, requirements: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        tools = Path(scratch) / "tools"
        # Into a folder: Debian's pip has no --build-constraint, which pins what builds.
        pip("install", *LOCKED, f"--target={tools}", f"--requirement={BUILD_REQUIREMENTS}")
        # A copy, so that building leaves nothing in the collection.
        copy = shutil.copytree(
            DISTRIBUTION,
            Path(scratch) / "gatepost",
            ignore=shutil.ignore_patterns("__pycache__", "dist", "*.egg-info"),
        )
        make_wheel(copy, directory, tools)
        download(directory, python, architecture, requirements, tools)
        built = {name: wheel_of(name, directory, tools) for name in SOURCE_ONLY}
    locked = with_hashes(requirements.read_text("utf-8"), built)
    (directory / REQUIREMENTS[""].name).write_text(locked, "utf-8")


def make_wheel(source: Path, directory: Path, tools: Path) -> None:
    """By PEP 517, with nothing but the tools, whatever a host's pip would take instead."""
    how = ("--no-deps", "--no-index", "--no-build-isolation", "--use-pep517")
    pip("wheel", *how, "--wheel-dir", str(directory), str(source), path=tools)


def download(
    directory: Path, python: str, architecture: str, requirements: Path, tools: Path
) -> None:
    platforms = [f"--platform={tag}_{architecture}" for tag in GLIBC_TAGS]
    pip(
        "download",
        *LOCKED,
        # To ask a source distribution for its name, pip runs it.
        "--no-build-isolation",
        "--use-pep517",
        f"--no-binary={','.join(SOURCE_ONLY)}",
        "--implementation=cp",
        f"--python-version={python}",
        *platforms,
        f"--dest={directory}",
        f"--requirement={requirements}",
        path=tools,
    )


def wheel_of(name: str, directory: Path, tools: Path) -> str:
    """Makes the wheel of a source distribution, in its place; the wheel's SHA-256."""
    (archive,) = directory.glob(f"{name}-*.tar.gz")
    make_wheel(archive, directory, tools)
    archive.unlink()
    (wheel,) = directory.glob(f"{name}-*-none-any.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def with_hashes(requirements: str, built: dict[str, str]) -> str:
    """A lock file with one other hash for each of these packages. Raises ValueError for one that
    it does not have."""
    for name, digest in built.items():
        locked = rf"^({re.escape(name)}==[^\\\n]*)(?:\\\n +--hash=\S+ ?)+"
        wanted = rf"\1\\\n    --hash=sha256:{digest}"
        requirements, found = re.subn(locked, wanted, requirements, flags=re.MULTILINE)
        if found != 1:
            raise ValueError(f"the lock file does not have {name}")
    return requirements


def pack(directory: Path, archive: Path) -> None:
    """Sorted, root's and readable, whoever made it. Complete or absent: a run that is interrupted
    leaves no archive, and of two at once either one's stays."""
    partial = directory / archive.name
    with tarfile.open(partial, "w") as tar:
        for path in sorted(set(directory.iterdir()) - {partial}):
            member = tarfile.TarInfo(path.name)
            member.size = path.stat().st_size
            member.mode = 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)
    partial.replace(archive)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", required=True, help="the host's Python, for example 3.11")
    parser.add_argument("--architecture", required=True, help="as uname -m prints it")
    parser.add_argument(
        "--extra", choices=[*REQUIREMENTS], default="", help="install the distribution with this"
    )
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "gatepost"
    parser.add_argument("--cache", type=Path, default=default / "wheelhouse")
    arguments = parser.parse_args()

    requirements = REQUIREMENTS[arguments.extra]
    release = release_name(requirements)
    archive = arguments.cache / f"{release}-{arguments.python}-{arguments.architecture}.tar"
    changed = not archive.is_file()
    if changed:
        arguments.cache.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryDirectory(dir=arguments.cache, prefix=".partial-") as scratch:
                directory = Path(scratch)
                build(directory, arguments.python, arguments.architecture, requirements)
                pack(directory, archive)
        except subprocess.CalledProcessError:
            print("wheelhouse: pip failed; its message is above", file=sys.stderr)
            return 1
    print(json.dumps({"release": release, "archive": str(archive), "changed": changed}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
