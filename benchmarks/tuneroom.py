"""A Tuneroom of its own for a benchmark: set up in a temporary folder, started, stopped."""

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Running:
    url: str
    data: Path
    environment: dict[str, str]
    # Of `manage.py up`, the parent of all its processes.
    pid: int = 0

    def query(self, sql: str, *values: Any) -> list[Any]:
        database = f"file:{self.data / 'db.sqlite3'}?mode=ro"
        with sqlite3.connect(database, uri=True) as connection:
            return connection.execute(sql, values).fetchall()

    def manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.DEVNULL
        )

    def wait(self, sql: str, *values: Any, seconds: float = 300) -> Any:
        """The first row that the query gives."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if rows := self.query(sql, *values):
                return rows[0]
            time.sleep(0.01)
        raise SystemExit(f"waited {seconds} s in vain for: {sql}")


@contextmanager
def tuneroom(kept: Path | None = None, **settings: str) -> Iterator[Running]:
    """Yields once the site answers; its worker may still be on its way. `kept`: a data folder that
    is left in place, set up at its first use."""
    with tempfile.TemporaryDirectory() as temporary, socket.socket() as free:
        folder = kept or Path(temporary)
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        own = {"TUNEROOM_DATA": str(folder), "PORT": port, "LOG_LEVEL": "ERROR"}
        running = Running(f"http://127.0.0.1:{port}", folder, {**os.environ, **own, **settings})
        if not (folder / "db.sqlite3").exists():
            running.manage("bootstrap")
        up = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=running.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            _wait_for_site(running.url)
            yield replace(running, pid=up.pid)
        finally:
            up.terminate()
            up.wait(30)


def _wait_for_site(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{url}/health/", timeout=1).close()  # noqa: S310  our own
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the site did not start")
