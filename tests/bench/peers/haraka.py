"""Haraka of npm: two nodes, twenty deliveries at once, its own queue on disk, everything to one
next hop. The npm package lands in the cache; its queue in the run's directory."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.bench.debian import CACHE, Unavailable
from tests.bench.peers import Server
from tests.bench.tree import Tree

VERSION: Final = "3.3.4"
NODE: Final = 20
FILES: Final = {
    "smtp.ini": """listen=127.0.0.1:{port}
nodes=2
""",
    "plugins": """relay
""",
    "relay.ini": """[relay]
acl=true
force_routing=true
all=true
dest_domains=true
""",
    "relay_acl_allow": """127.0.0.1/32
""",
    "relay_dest_domains.ini": """[domains]
any={{"action":"continue","nexthop":"127.0.0.1:{sink}"}}
""",
    "outbound.ini": """concurrency_max=20
enable_tls=false
local_mx_ok=true
""",
    "loglevel": """LOGCRIT
""",
    "me": """haraka.example
""",
    "databytes": """60000000
""",
    "host_list": """example.com
""",
}


class Haraka(Server):
    name = "Haraka"

    def prepare(self) -> None:
        """Raises Unavailable."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise Unavailable(f"needs {program}, version {NODE} or newer")
        told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
        found = re.match(r"v(\d+)", told.stdout)
        if found is None or int(found[1]) < NODE:
            raise Unavailable(f"needs Node.js {NODE} or newer, not {told.stdout.strip()}")
        self._home = CACHE / f"haraka-{VERSION}"
        if self._home.is_dir():
            return
        CACHE.mkdir(parents=True, exist_ok=True)
        part = self._home.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        done = subprocess.run(
            [
                *("npm", "install", "--no-fund", "--no-audit", "--ignore-scripts", "--silent"),
                *("--prefix", str(part), f"Haraka@{VERSION}"),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"npm install: {done.stderr.strip()[-300:]}")
        part.rename(self._home)

    def version(self) -> str:
        manifest = self._home / "node_modules/Haraka/package.json"
        return str(json.loads(manifest.read_text())["version"])

    def settings(self) -> str:
        return "\n".join(
            f"{name}\n{text.format(port='PORT', sink='PORT')}" for name, text in FILES.items()
        )

    def launch(self, directory: Path, sink: int) -> Tree:
        program = self._home / "node_modules/Haraka/bin/haraka"
        config = directory / "config"
        shutil.copytree(program.parents[1] / "config", config)
        (directory / "queue").mkdir()
        for name, text in FILES.items():
            (config / name).write_text(text.format(port=self.port, sink=sink))
        return Tree(["node", str(program), "-c", str(directory)], directory / "log")
