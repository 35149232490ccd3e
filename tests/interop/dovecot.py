"""A private instance of Debian's Dovecot: IMAP and LMTP on loopback, mail in its own Maildirs."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

from interop.postfix import needed, wait_for

from emulators.ports import free_port

CONFIGURATION = """
protocols = imap lmtp
base_dir = {root}/run
state_dir = {root}/state
log_path = {root}/log
default_login_user = {user}
default_internal_user = {user}
default_internal_group = {group}
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = yes
auth_mechanisms = {mechanisms}
mail_location = maildir:{root}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {root}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={root}/mail/%u
}}
namespace inbox {{
  inbox = yes
  mailbox "Möbel & Spam" {{
    auto = create
    special_use = \\Junk
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service lmtp {{
  user = {user}
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
  unix_listener {root}/lmtp {{
    mode = 0666
  }}
}}
"""


class Dovecot:
    """Serves while it is entered. users: passwords by name. LMTP takes mail for them alone, at
    `lmtp_port` and at the socket `lmtp`."""

    def __init__(
        self, certificate: Path, key: Path, users: dict[str, str], mechanisms: str = "plain login"
    ) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="gatepost-dovecot-"))
        self.port, self.tls_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.lmtp = self.root / "lmtp"
        name = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        entry = pwd.getpwnam(name)
        configuration = CONFIGURATION.format(
            root=self.root,
            user=name,
            group="nogroup" if name == "nobody" else entry.pw_gid,
            certificate=certificate,
            key=key,
            mechanisms=mechanisms,
            port=self.port,
            tls_port=self.tls_port,
            lmtp_port=self.lmtp_port,
        )
        self._owner = entry
        (self.root / "dovecot.conf").write_text(configuration)
        listed = "".join(f"{user}:{{PLAIN}}{password}\n" for user, password in users.items())
        (self.root / "users").write_text(listed)
        for folder in ("run", "state", "mail"):
            (self.root / folder).mkdir()
        for path in (self.root, *self.root.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        program = needed("dovecot", "dovecot-imapd")
        assert Path("/usr/lib/dovecot/lmtp").exists(), (
            "LMTP is missing: install the Debian package dovecot-lmtpd"
        )
        command = [program, "-F", "-c", str(self.root / "dovecot.conf")]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        wait_for((self.root / "run" / "master.pid").exists, f"Dovecot: {self.log()}")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(20)
        shutil.rmtree(self.root, ignore_errors=True)

    def log(self) -> str:
        path = self.root / "log"
        return path.read_text() if path.exists() else "no log"

    def deliver(self, user: str, content: bytes, folder: str = "") -> None:
        """Put a message into a folder (a Maildir++ name) as a delivery agent does."""
        place = self.root / "mail" / user / folder
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(parents=True, exist_ok=True)
        count = len(list((place / "new").iterdir()))
        file = place / "new" / f"{count}.{os.getpid()}.host"
        file.write_bytes(content.replace(b"\r\n", b"\n"))
        for path in (place.parent, place, *place.rglob("*")):
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def delivered(self, user: str) -> list[bytes]:
        """What LMTP put into a mailbox, as it is stored: lines end in LF."""
        return [file.read_bytes() for file in (self.root / "mail" / user).glob("new/*")]
