"""Debian's Postfix as an instance of its own: configuration, queue and ports on loopback; nothing of the machine's."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

DAEMONS = Path("/usr/lib/postfix/sbin")


@dataclass(frozen=True)
class Postfix:
    """A running one. ``with_tls`` takes mail inside TLS only, ``without_tls`` never offers it."""

    with_tls: str
    without_tls: str
    inbox: Path

    def arrived(self, number: int) -> list[bytes]:
        """What lies in the mailbox once so many messages do."""
        for _ in range(300):
            files = sorted(self.inbox.glob("new/*"))
            if len(files) >= number:
                return [file.read_bytes() for file in files]
            time.sleep(0.1)
        raise AssertionError(f"{len(files)} messages arrived, not {number}")


def why_not() -> str:
    """Why it cannot run here; blank if it can."""
    if shutil.which("postfix") is None or not DAEMONS.is_dir():
        return "Postfix is not installed: make postfix"
    return "" if os.geteuid() == 0 else "Postfix is started by root alone"


@contextmanager
def postfix_server(certificate: Path) -> Iterator[Postfix]:
    folder = Path(tempfile.mkdtemp(prefix="postfix-test-"))
    folder.chmod(0o755)  # its processes are another user's
    tls, plain = _free_port(), _free_port()
    _prepare(folder, certificate, tls, plain)
    command = ["postfix", "-c", str(folder / "conf")]
    try:
        started = subprocess.run([*command, "start"], capture_output=True, text=True, check=False, timeout=60)
        assert started.returncode == 0, started.stderr
        for port in (tls, plain):
            _wait_for(port)
        yield Postfix(f"smtp://127.0.0.1:{tls}", f"smtp://127.0.0.1:{plain}", folder / "mail" / "inbox")
    finally:
        subprocess.run([*command, "stop"], capture_output=True, check=False, timeout=60)  # by the id in its own queue
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, certificate: Path, tls: int, plain: int) -> None:
    owner = pwd.getpwnam("postfix")
    for name in ("conf", "queue", "data", "mail"):
        (folder / name).mkdir(mode=0o755)
    os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
    nobody, group = pwd.getpwnam("nobody"), grp.getgrgid(pwd.getpwnam("nobody").pw_gid)
    os.chown(folder / "mail", nobody.pw_uid, group.gr_gid)
    own = folder / "server.pem"
    own.write_bytes(certificate.read_bytes())
    own.chmod(0o600)
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": folder / "queue",
        "data_directory": folder / "data",
        "daemon_directory": DAEMONS,
        "command_directory": "/usr/sbin",
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "myhostname": "mail.test",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "alias_maps": "",
        "virtual_mailbox_domains": "agents.test",
        "virtual_mailbox_base": folder / "mail",
        "virtual_mailbox_maps": "static:inbox/",
        "virtual_uid_maps": f"static:{nobody.pw_uid}",
        "virtual_gid_maps": f"static:{group.gr_gid}",
        "virtual_minimum_uid": "1",
        "smtpd_tls_cert_file": own,
        "smtpd_tls_key_file": own,
        "smtpd_tls_received_header": "yes",
        "default_transport": "error:nothing leaves this machine",
        "maillog_file": folder / "postfix.log",
        "maillog_file_prefixes": folder,
    }
    main = "".join(f"{name} = {value}\n" for name, value in settings.items())
    (folder / "conf" / "main.cf").write_text(main)
    (folder / "conf" / "master.cf").write_text(_services(tls, plain))


def _services(tls: int, plain: int) -> str:
    lines = [
        f"127.0.0.1:{tls} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt",
        f"127.0.0.1:{plain} inet n - n - - smtpd -o smtpd_tls_security_level=none",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "proxymap unix - - n - - proxymap",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "postlog unix-dgram n - n - 1 postlogd",
    ]
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    for _ in range(100):
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens at {port}")
