"""A whole Tuneroom for one scenario: its parts as a service manager keeps them, its rows as any
program can read them."""

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from tests.programs import Postgres, free_port, program

from .ledger import QUERIES

ROOT = Path(__file__).resolve().parents[2]
# What a service manager waits before it starts a program again.
AGAIN_SECONDS = 0.5
PATIENCE = 600.0
# Of this environment, nothing of another Tuneroom's.
FOREIGN = ("TUNEROOM_", "DATABASE_URL", "REDIS_URL", "STORAGE_", "DJANGO_", "SECRET_KEY", "SLOTS")


@dataclass
class Part:
    """A program that is started again whenever it has ended."""

    name: str
    start: Callable[[], "subprocess.Popen[bytes]"]
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0
    again_at: float = 0.0
    # Of its own, beside those of the installation.
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


@dataclass(frozen=True)
class Victim:
    """A process and what it is: worker, runner, site, scheduler, redis, postgres or up, which
    starts one of these."""

    kind: str
    process: psutil.Process


@dataclass
class Installation:
    data: Path
    environment: dict[str, str]
    postgres: Postgres | None = None
    parts: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    # --- Its parts ---------------------------------------------------------------------------

    def start(self, workers: int, site: bool, machines: Sequence[Sequence[str]] = ()) -> None:
        """`machines`: words before the command of each worker."""
        for number in range(workers):
            before = machines[number] if machines else ()
            self._add(f"worker {number + 1}", "worker", before)
        for name in ("site", "scheduler") if site else ():
            self._add(name, name)
        self._keeper.start()

    def _add(self, name: str, part: str, before: Sequence[str] = ()) -> None:
        command = [*before, sys.executable, "manage.py", "up", "--only", part]
        own: dict[str, str] = {}

        def start() -> "subprocess.Popen[bytes]":
            with (self.data / f"{name.replace(' ', '-')}.log").open("ab") as log:
                return subprocess.Popen(
                    command, cwd=ROOT, env={**self.environment, **own},
                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                )  # fmt: skip

        self.parts.append(Part(name, start, environment=own))

    def part(self, name: str) -> Part:
        return next(each for each in self.parts if each.name == name)

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            for part in self.parts:
                if part.alive or time.monotonic() < part.again_at:
                    continue
                part.again_at = time.monotonic() + AGAIN_SECONDS
                part.process, part.starts = part.start(), part.starts + 1

    def stop(self) -> None:
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join()
        trees = [victim.process for victim in self.victims()]
        for part in self.parts:
            if part.process and part.alive:
                part.process.kill()
        for process in trees:
            with contextlib.suppress(psutil.Error):
                process.kill()
        for part in self.parts:
            if part.process:
                part.process.wait()
        psutil.wait_procs(trees, timeout=20)

    def victims(self) -> list[Victim]:
        """All its processes."""
        found = []
        for part in self.parts:
            if not part.process:
                continue
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(part.process.pid)
                if part.name in ("redis", "postgres"):
                    found.append(Victim(part.name, root))
                    continue
                for process in [root, *root.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        found.append(Victim(_kind(process.cmdline()), process))
        return found

    def of_kind(self, kind: str) -> list[psutil.Process]:
        return [victim.process for victim in self.victims() if victim.kind == kind]

    # --- Its searches and rows ---------------------------------------------------------------

    def set_up(self) -> None:
        self.manage("migrate")
        self.manage("collectstatic", "--no-input")

    def manage(self, *words: str) -> None:
        self.run([sys.executable, "manage.py", *words])

    def run(self, command: Sequence[str]) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def search(self, *searches: dict[str, Any], seconds: float) -> None:
        """Start searches whose fake epochs take so long."""
        command = [sys.executable, "-m", "benchmarks.chaos.prepare", json.dumps(searches)]
        self.run([*command, str(seconds)])

    @contextlib.contextmanager
    def connection(self) -> Iterator[Any]:
        if self.postgres:
            import psycopg
            import psycopg.rows

            url = self.environment["DATABASE_URL"]
            factory: Any = psycopg.rows.dict_row
            with psycopg.connect(url, autocommit=True, row_factory=factory) as connection:
                yield connection
            return
        path = self.data / "db.sqlite3"
        with contextlib.closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as found:
            found.row_factory = sqlite3.Row
            yield found

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Rows, however often the database is away meanwhile."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with self.connection() as connection:
                    return [dict(row) for row in connection.execute(sql).fetchall()]
            except Exception:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def execute(self, sql: str) -> None:
        with self.connection() as connection:
            connection.execute(sql)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {name: self.query(sql) for name, sql in QUERIES.items()}

    def count(self, what: str) -> int:
        return int(self.query(f"SELECT count(*) AS n FROM {what}")[0]["n"])  # noqa: S608

    def finished(self) -> int:
        return self.count("tuning_trial WHERE finished_at IS NOT NULL AND status <> 'queued'")

    def searching(self) -> int:
        return self.count("tuning_search WHERE status = 'running'")

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := condition():
                return found
            time.sleep(0.1)
        raise TimeoutError(f"waited {seconds:g} s in vain: {what}")

    def wait_for_workers(self, count: int) -> None:
        self.wait(lambda: self.count("tuning_worker") >= count, f"{count} workers are there")


def _kind(command: Sequence[str]) -> str:
    words = " ".join(command)
    for kind, sign in (("runner", "_runner.py"), ("runner", "runner/__main__.py"),
                       ("site", "gunicorn"), ("worker", "-A webapp worker"),
                       ("scheduler", "-A webapp beat")):  # fmt: skip
        if sign in words:
            return kind
    return "up"


@contextlib.contextmanager
def installed(
    workers: int, *, postgres: bool = False, redis: bool = False, site: bool = True,
    fake: bool = True, host: str = "127.0.0.1", machines: Sequence[Sequence[str]] = (),
    **settings: str,
) -> Iterator[Installation]:  # fmt: skip
    """Set up, with its workers registered; all of it is gone at the end. `host`: where its servers
    are."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="tuneroom-chaos-"))
        # PostgreSQL is another user.
        folder.chmod(0o755)
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        environment |= {
            "TUNEROOM_DATA": str(folder / "data"), "PORT": str(free_port()), "LOG_LEVEL": "WARNING",
            "SPARE_RUNNERS": "1", "SLOTS": "2", "WEB_CONCURRENCY": "1",
            "DJANGO_SETTINGS_MODULE": "benchmarks.chaos.settings" if fake else "webapp.settings",
            **settings,
        }  # fmt: skip
        there = Installation(folder / "data", environment)
        there.data.mkdir(mode=0o700)
        stack.callback(there.stop)
        if postgres:
            _with_postgres(there, folder / "postgres", host)
        if redis:
            _with_redis(there, host)
        there.set_up()
        there.start(workers, site, machines)
        there.wait_for_workers(workers)
        yield there


@contextlib.contextmanager
def stored() -> Iterator[tuple[dict[str, str], Counter[str]]]:
    """An S3 server: the settings of an installation whose content lies there, and, once it has
    ended, what it was asked for."""
    command = [sys.executable, "-m", "tests.storage.s3_program"]
    asked: Counter[str] = Counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        if not (told := server.stdout.readline()):
            raise SystemExit("There is no S3 server. `make venv-dev` installs one.")
        try:
            yield json.loads(told), asked
        finally:
            server.terminate()
            asked.update(json.loads(server.stdout.readline()))


def _with_postgres(there: Installation, folder: Path, host: str) -> None:
    import psycopg

    folder.mkdir()
    server = there.postgres = Postgres(folder, durable=True, host=host)

    def start() -> "subprocess.Popen[bytes]":
        server.start()
        assert server.process
        return server.process

    there.parts.append(Part("postgres", start, start(), starts=1))
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE chaos")
    there.environment["DATABASE_URL"] = f"{server.url}/chaos"


def _with_redis(there: Installation, host: str) -> None:
    port = free_port()
    command = [
        program("redis-server", "valkey-server"), "--port", str(port), "--bind", host,
        "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", str(there.data),
    ]  # fmt: skip

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    there.parts.append(Part("redis", start, start(), starts=1))
    there.environment["REDIS_URL"] = f"redis://{host}:{port}/0"
