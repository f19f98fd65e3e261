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
from collections.abc import Iterator
from pathlib import Path

import psutil

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
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """The address of a PostgreSQL server without databases, but for the folder of its socket."""
    initdb, postgres = program("initdb"), program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="tuneroom-postgres-"))
    prefix: list[str] = []
    if os.getuid() == 0:
        # PostgreSQL refuses to run as root.
        user = _unprivileged_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
        prefix = [program("runuser"), "-u", user.pw_name, "--"]
    subprocess.run(
        [*prefix, initdb, "-D", folder / "data", "-U", "tuneroom", "-A", "trust", "-E", "UTF8",
         "--locale=C", "--no-sync"],
        check=True, cwd=folder, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    port = free_port()
    options = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*prefix, postgres, "-D", folder / "data", "-p", str(port), "-k", folder,
             "-h", "127.0.0.1", *(word for option in options for word in ("-c", option))],
            cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        pid_file = folder / "data" / "postmaster.pid"
        end = time.monotonic() + 60
        while not (pid_file.exists() and "ready" in pid_file.read_text()):
            if time.monotonic() > end:
                raise TimeoutError("PostgreSQL is not ready after 60 s")
            time.sleep(0.05)
        yield f"postgres://tuneroom@127.0.0.1:{port}"
    finally:
        # SIGINT: end now, without waiting for clients. runuser would swallow it.
        postmaster = psutil.Process(server.pid)
        for process in [*postmaster.children()[:1], postmaster] if prefix else [postmaster]:
            if process.name().startswith("postgres"):
                process.send_signal(signal.SIGINT)
                break
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise NotInstalled("there is no unprivileged user to run PostgreSQL")
