"""Other programs for tests: PostgreSQL, Redis, Chromium and a whole Tuneroom.

Each is started from the programs found on this machine, on a free port, in a temporary folder. A
missing program skips the test by name; with REQUIRE_SERVICES=1 it fails it.
"""

import contextlib
import fcntl
import functools
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import psutil
import pytest

from tests import programs
from tests.programs import CHROMIUM_ARGS, PATIENCE, free_port, running_postgres

ROOT = Path(__file__).resolve().parent.parent
# Settings of a Tuneroom whose runners download nothing, whatever this machine could.
OFFLINE = {"DJANGO_SETTINGS_MODULE": "tests.offline_tuneroom.settings"}
ADMIN, PASSWORD = "admin", "test-of-the-first-account"
# The account that the first command creates. It must not be the default, which `ADMIN` is.
FIRST_USER = "grace"


# --- Helpers ---------------------------------------------------------------------------------


def program(*names: str) -> str:
    """The path of the first program that is installed. Skips or fails the test if none is."""
    try:
        return programs.program(*names)
    except programs.NotInstalled as error:
        do_without(str(error))


def do_without(message: str) -> NoReturn:
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"{message}, and REQUIRE_SERVICES=1")
    pytest.skip(message)


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The first true value of `condition`. Fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            pytest.fail(f"waited {seconds:g} s in vain: {what}")
        time.sleep(0.05)
    return value


def accepts(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1)
        return sock.connect_ex(("127.0.0.1", port)) == 0


def processes_with(name: str, value: str) -> list[psutil.Process]:
    """Processes whose environment has name=value: what was started with it, however deep."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if (
                process.environ().get(name) == value
                and process.status() != psutil.STATUS_ZOMBIE
                and process.pid != os.getpid()
            ):
                found.append(process)
    return found


def clean_environment(**settings: str) -> dict[str, str]:
    """This environment without settings of Tuneroom, plus the given ones."""
    ours = (
        "TUNEROOM_",
        "DATABASE_URL",
        "REDIS_URL",
        "PORT",
        "HOST",
        "SLOTS",
        "SPARE_RUNNERS",
        "DEBUG",
        "SECRET_KEY",
        "OIDC_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **settings}


# --- PostgreSQL and Redis --------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    try:
        with running_postgres() as address:
            yield address
    except programs.NotInstalled as error:
        do_without(str(error))


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """DATABASE_URL of a fresh, empty database."""
    return new_database(postgres_server)


def new_database(server: str) -> str:
    import psycopg

    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[int]:
    """The port of a Redis (or Valkey) server that keeps nothing."""
    port = free_port()
    server = subprocess.Popen(
        [program("redis-server", "valkey-server"), "--port", str(port), "--bind", "127.0.0.1",
         "--save", "", "--appendonly", "no", "--dir", tempfile.gettempdir()],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: accepts(port), "Redis is ready")
        yield port
    finally:
        server.terminate()
        server.wait(PATIENCE)


@pytest.fixture
def redis_url(redis_server: int) -> str:
    """REDIS_URL of an empty server."""
    import redis

    url = f"redis://127.0.0.1:{redis_server}/0"
    with redis.Redis.from_url(url) as client:
        client.flushall()
    return url


# --- Chromium --------------------------------------------------------------------------------


def _with_its_page(click: Callable[..., None]) -> Callable[..., None]:
    """Playwright's own click returns once the address has changed. Whoever reads, types or presses
    then is sooner than the rest of the page, and than its scripts."""

    @functools.wraps(click)
    def clicked(locator: Any, **options: Any) -> None:
        click(locator, **options)
        locator.page.wait_for_load_state("domcontentloaded")

    return clicked


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Any]]:
    """A function that starts a browser. `launch()` gives playwright's Browser, `launch(folder)`
    the BrowserContext of a person who keeps in `folder` what they have loaded. A click that leads
    to another page returns when that is there."""
    from playwright.sync_api import Locator, sync_playwright

    # Without windows and all that belongs to them it takes a third of the processor time.
    executable = program("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    settings = {"executable_path": executable, "args": CHROMIUM_ARGS}
    # Django would refuse database access in the thread of playwright's event loop.
    with (
        pytest.MonkeyPatch.context() as patch,
        sync_playwright() as playwright,
        contextlib.ExitStack() as running,
    ):
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        patch.setattr(Locator, "click", _with_its_page(Locator.click))

        def start(folder: Path | None = None, **options: Any) -> Any:
            if folder is None:
                browser: Any = playwright.chromium.launch(**settings, **options)
            else:
                options = {**settings, **options}
                browser = playwright.chromium.launch_persistent_context(folder, **options)
            running.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def chromium(launch: Callable[..., Any]) -> Any:
    """A running browser (playwright's Browser). `chromium.new_page()` gives a page."""
    return launch()


# --- A whole Tuneroom ------------------------------------------------------------------------


@dataclass
class Tuneroom:
    """A running copy, as `make up` starts it."""

    url: str
    data: Path
    admin: str
    password: str
    environment: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def log(self) -> str:
        return (self.data / "up.log").read_text()

    def manage(self, *words: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run `manage.py` with this copy's settings."""
        return manage(*words, environment=self.environment, **options)

    def stop(self, seconds: float = PATIENCE) -> int:
        """Stop it as Ctrl-C does. Returns the exit status."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"`manage.py up` did not stop within {seconds:g} s:\n{self.log}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for process in processes_with("TUNEROOM_DATA", str(self.data)):
            with contextlib.suppress(psutil.Error):
                process.kill()

    def processes(self) -> list[psutil.Process]:
        return processes_with("TUNEROOM_DATA", str(self.data))


def manage(
    *words: str, environment: dict[str, str], **options: Any
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        **{"env": environment, "cwd": ROOT, "capture_output": True, "text": True, **options},
    )


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310  our own address
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False


def start_tuneroom(data: Path, **settings: str) -> Tuneroom:
    """`make up` without make, with the given settings. The caller stops it."""
    environment = set_up_tuneroom(data, **settings)
    with (data / "up.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    url = f"http://127.0.0.1:{environment['PORT']}"
    tuneroom = Tuneroom(url, data, ADMIN, PASSWORD, environment, process)
    try:
        wait_for(
            lambda: process.poll() is not None or "is ready" in tuneroom.log,
            "Tuneroom is ready",
        )
        if process.poll() is not None:
            pytest.fail(f"`manage.py up` ended with {process.returncode}:\n{tuneroom.log}")
    except BaseException:
        tuneroom.kill()
        raise
    return tuneroom


def set_up_tuneroom(data: Path, **settings: str) -> dict[str, str]:
    """`make setup` without make: the environment of what uses this folder. A worker there does not
    inspect templates that no project uses, which takes a minute of a processor, and keeps one spare
    runner, since the machine has other tests to run."""
    environment = clean_environment(
        TUNEROOM_DATA=str(data), TUNEROOM_ADMIN_USER=ADMIN, TUNEROOM_ADMIN_PASSWORD=PASSWORD,
        **{"SPARE_RUNNERS": "1", **settings},
    )  # fmt: skip
    if "DATABASE_URL" in settings or data.exists():
        data.mkdir(parents=True, exist_ok=True)
        _bootstrap(environment)
        _forget_gallery(settings.get("DATABASE_URL", ""), data)
    else:
        copy_prepared_folder(data)
    # Only now: it is kept for a minute.
    return {"PORT": str(free_port()), **environment}


def copy_prepared_folder(data: Path) -> None:
    """Make a data folder as the first command leaves it, with the account of these tests:
    migrations, scripts and datasets take seconds of a processor each time."""
    shutil.copytree(made_once("bootstrapped", _make_bootstrapped), data)


@dataclass
class FirstCommand:
    """What the first command in an empty data folder returned and printed. The folder was `data`
    then and is `kept` now: read or copy it, change nothing in it."""

    returncode: int
    stdout: str
    stderr: str
    data: str
    kept: Path


def first_command() -> FirstCommand:
    folder = made_once("first", _run_first_command)
    result = json.loads((folder / "result.json").read_text())
    return FirstCommand(**result, kept=folder / "data")


def migrated_database() -> Path:
    """An SQLite database with all tables and no rows."""
    return made_once("migrated", _make_migrated) / "db.sqlite3"


def made_once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills. The first of the tests' processes that asks for it makes it for
    all of them."""
    root = Path(os.environ["TUNEROOM_TESTS_PREPARED"])
    made, unfinished = root / name, root / f"unfinished-{name}"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(unfinished)
            unfinished.rename(made)
    return made


def _make_migrated(folder: Path) -> None:
    done = manage("migrate", environment=clean_environment(TUNEROOM_DATA=str(folder)))
    if done.returncode:
        pytest.fail(f"`manage.py migrate` failed:\n{done.stdout}{done.stderr}")


def _run_first_command(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(parents=True)
    environment = clean_environment(TUNEROOM_DATA=str(data), TUNEROOM_ADMIN_USER=FIRST_USER)
    # It does the same first as `bootstrap`; then it says what is wrong with its own options.
    done = manage("tune", "--dataset=no", "--template=cnn", environment=environment)
    result = {"returncode": done.returncode, "stdout": done.stdout, "stderr": done.stderr}
    (folder / "result.json").write_text(json.dumps({**result, "data": str(data)}))


def _make_bootstrapped(folder: Path) -> None:
    first = first_command()
    if "Unknown dataset" not in first.stderr:
        pytest.fail(f"The folder was not set up:\n{first.stdout}{first.stderr}")
    shutil.copytree(first.kept, folder)
    (folder / "first_password.txt").unlink()
    _forget_gallery("", folder)
    environment = clean_environment(TUNEROOM_DATA=str(folder))
    code = CHANGE_ACCOUNT + INSPECT
    done = manage("shell", "--verbosity", "0", "-c", code, environment=environment)
    if done.returncode:
        pytest.fail(f"Changing the account or inspecting the template failed:\n{done.stderr}")


CHANGE_ACCOUNT = f"""
from django.contrib.auth.models import User
user = User.objects.get()
user.username = {ADMIN!r}
user.set_password({PASSWORD!r})
user.save()
"""
# Inspects the sample project's template, as the worker of every copy would: with one slot and
# nothing else to do.
INSPECT = """
from django.utils import timezone
from tests.supervisor.real import real_slot
from tuning.models import Inspection, Worker
now = timezone.now()
worker = Worker.objects.create(name="inspecting", slots=1, started_at=now, seen_at=now)
real_slot(worker, megabytes=4000).run()
worker.delete()
assert list(Inspection.objects.values_list("status", flat=True)) == ["completed"]
"""


def _bootstrap(environment: dict[str, str]) -> None:
    done = manage("bootstrap", environment=environment)
    if done.returncode:
        pytest.fail(f"`manage.py bootstrap` failed:\n{done.stdout}{done.stderr}")


def _forget_gallery(url: str, data: Path) -> None:
    import psycopg

    database: Any = psycopg.connect(url) if url else sqlite3.connect(data / "db.sqlite3")
    with contextlib.closing(database) as connection, connection:
        connection.execute(
            "DELETE FROM tuning_inspection WHERE status = 'queued' AND NOT EXISTS ("
            "SELECT 1 FROM tuning_project WHERE dataset_id = tuning_inspection.dataset_id "
            "AND hypermodel_id = tuning_inspection.hypermodel_id)"
        )


def rows_of(data: Path, query: str, *values: Any) -> list[sqlite3.Row]:
    """What the database of a data folder holds, also while it is in use."""
    address = f"file:{data / 'db.sqlite3'}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=60)) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(query, values).fetchall()


@pytest.fixture(scope="session")
def tuneroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuneroom]:
    """A running Tuneroom, shared by all tests that ask for it: leave it as you found it."""
    running = start_tuneroom(tmp_path_factory.mktemp("tuneroom") / "data", **OFFLINE)

    # The site answers sooner than the worker has tried its sandbox.
    wait_for(lambda: rows_of(running.data, "SELECT 1 FROM tuning_worker"), "the worker is online")
    yield running
    running.stop()
    wait_for(lambda: not running.processes(), "no process is left")


def pytest_unconfigure() -> None:
    """Remove the folders that conftest.py made for this run."""
    folder = Path(os.environ.get("TUNEROOM_DATA", ""))
    if folder.name.startswith("tuneroom-tests-"):
        shutil.rmtree(folder, ignore_errors=True)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ.get("TUNEROOM_TESTS_PREPARED", ""), ignore_errors=True)
