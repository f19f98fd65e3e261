"""Programs of the machine that tests and benchmarks start, without what only tests need."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

# Seconds after which what is awaited does not come: a busy machine is not a fault.
PATIENCE = 600.0
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class NotInstalled(Exception):
    """What is missing, as a sentence."""


def program(*names: str) -> str:
    """The path of the first program that is installed. Raises NotInstalled."""
    folders = [os.environ.get("PATH", os.defpath)]
    folders += map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))
    for name in names:
        if path := shutil.which(name, path=os.pathsep.join(folders)):
            return path
    raise NotInstalled(f"{' or '.join(names)} is not installed")


def free_port() -> int:
    """A port for a server that is about to start. Nobody is given it by chance meanwhile: a
    connection that has just ended keeps it for a minute from all who do not ask for it by number.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            # Who closes first is the one whose port is kept.
            server.accept()[0].close()
        return port


class Postgres:
    """A PostgreSQL server in a folder of its own. Not `durable`, it is faster, and loses its last
    transactions if it is killed. `inside`: the words before a command that runs on another machine,
    which only root may say."""

    def __init__(
        self, folder: Path, durable: bool = False, host: str = "127.0.0.1", port: int = 0,
        superuser: str = "tuneroom", inside: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.folder, self.host, self.port = folder, host, port or free_port()
        self.superuser, self._inside = superuser, inside
        self.process: subprocess.Popen[bytes] | None = None
        self._durable = durable
        self._as: dict[str, int] = {}
        if os.getuid() == 0:
            # PostgreSQL refuses to run as root.
            user = _unprivileged_user()
            self._as = {"user": user.pw_uid, "group": user.pw_gid}
            os.chown(folder, user.pw_uid, user.pw_gid)
        subprocess.run(
            [program("initdb"), "-D", folder / "data", "-U", superuser, "-A", "trust",
             "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, **self._as,  # type: ignore[call-overload]
        )  # fmt: skip

        with (folder / "data" / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all all {host}/24 trust\n")

    @property
    def url(self) -> str:
        return f"postgres://{self.superuser}@{self.host}:{self.port}"

    def start(self) -> None:
        """Returns when it takes connections, or has ended."""
        # No crash of the machine is survived, which nobody tries; a kill is, if it is durable.
        options = ["fsync=off", "full_page_writes=off", "max_connections=300"]
        options += [] if self._durable else ["synchronous_commit=off"]
        with (self.folder / "log").open("a") as log:
            before, user = self._inside, self._as
            if before and user:
                # What goes to the other machine has to be root.
                ids = [f"--reuid={user['user']}", f"--regid={user['group']}", "--clear-groups"]
                before, user = [*before, program("setpriv"), *ids], {}
            self.process = subprocess.Popen(
                [*before, program("postgres"), "-D", self.folder / "data", "-p", str(self.port),
                 "-k", self.folder, "-h", self.host,
                 *(word for option in options for word in ("-c", option))],
                cwd=self.folder, stdout=log, stderr=log, **user,  # type: ignore[call-overload]
            )  # fmt: skip
        end = time.monotonic() + PATIENCE
        while not self._is_ready() and self.process.poll() is None:
            if time.monotonic() > end:
                raise TimeoutError(f"PostgreSQL is not ready after {PATIENCE:g} s")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        assert self.process
        try:
            lines = (self.folder / "data" / "postmaster.pid").read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(self.process.pid) and "ready" in "".join(lines[7:])

    def stop(self) -> None:
        if self.process:
            # End now, without waiting for clients.
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a PostgreSQL server without databases, but for the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="tuneroom-postgres-"))
    try:
        server = Postgres(folder)
        server.start()
        if server.process and server.process.poll() is not None:
            # Another server may have its port: tests must not use that one.
            raise RuntimeError(f"PostgreSQL ended:\n{(folder / 'log').read_text()[-2000:]}")
        try:
            yield server.url
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NotInstalled("there is no unprivileged user to run PostgreSQL")
