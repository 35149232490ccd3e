"""OpenSMTPD of Debian: a plain relay host. Limits of sessions and of deliveries raised, delays
between deliveries off."""

from __future__ import annotations

from pathlib import Path

from tests.bench import debian
from tests.bench.peers import Server
from tests.bench.tree import Tree

CONFIGURATION = """smtp max-message-size 60M
mta max-deferred 100000
smtp limit max-mails 100000
smtp limit max-rcpt 100000
mta limit max-conn-per-host 20
mta limit max-conn-per-connector 20
mta limit max-conn-per-relay 20
mta limit max-conn-per-route 20
mta limit max-conn-per-source 20
mta limit session-transaction-delay 0
mta limit conn-delay-host 0
mta limit conn-delay-route 0
mta limit conn-delay-source 0
mta limit conn-delay-domain 0
listen on 127.0.0.1 port {port} hostname opensmtpd.example
action "relay" relay host smtp://127.0.0.1:{sink} helo opensmtpd.example
match from any for any action "relay"
"""


class OpenSmtpd(Server):
    name = "OpenSMTPD"
    note = "makes no sync call at all (strace), so its 250 promises less than the others'"

    def prepare(self) -> None:
        self._root = debian.root("opensmtpd")

    def version(self) -> str:
        return debian.version(self._root, "opensmtpd")

    def settings(self) -> str:
        return f"smtpd.conf\n{CONFIGURATION.format(port='PORT', sink='PORT')}"

    def launch(self, directory: Path, sink: int) -> Tree:
        spool, run, file = directory / "spool", directory / "run", directory / "smtpd.conf"
        for each in (spool, run):
            each.mkdir()
            each.chmod(0o711)
        file.write_text(CONFIGURATION.format(port=self.port, sink=sink))
        binds = {spool: "/var/spool/smtpd", run: "/run", file: "/etc/smtpd.conf"}
        inside = ["smtpd", "-F"]
        return Tree(debian.command(self._root, binds, inside), directory / "log")
