"""A few slow connections do not stop the site: a site by itself, and clients that dawdle."""

import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services import (
    PATIENCE,
    ROOT,
    answers,
    clean_environment,
    free_port,
    manage,
    migrated_database,
    wait_for,
)
from webapp import gunicorn_worker

pytestmark = pytest.mark.slow

# More than the site has threads.
MANY = 72
TOKEN = "a" * 32
SETTINGS = {"REQUEST_SECONDS": "2", "SLOWEST_KB": "100", "UPLOADS_AT_ONCE": "3", "DEBUG": "1"}
SESSION = """
from django.contrib.auth.models import User
from django.test import Client
client = Client()
for name in ("alice", "bob"):
    client.force_login(
        User.objects.create_user(name), backend="django.contrib.auth.backends.ModelBackend"
    )
    print(name, client.cookies[__import__("django.conf").conf.settings.SESSION_COOKIE_NAME].value)
    client.cookies.clear()
"""


@dataclass
class Site:
    port: int
    data: Path
    sessions: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.data / "log").read_text()

    def connect(self, *lines: str) -> socket.socket:
        """A connection that has sent these lines and stays open."""
        client = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        if lines:
            client.sendall("\r\n".join([lines[0], "Host: localhost", *lines[1:]]).encode())
        return client

    def cookies(self, name: str) -> dict[str, str]:
        session = f"tuneroom_session_{self.port}={self.sessions[name]}"
        # With a token, the check reads the whole form to compare the two.
        return {"Cookie": f"{session}; tuneroom_csrf_{self.port}={TOKEN}"}

    def upload(self, name: str) -> socket.socket:
        """A file of 50 MB, of which the beginning has come."""
        [cookie] = self.cookies(name).values()
        return self.connect(
            "POST /datasets/new/ HTTP/1.1", "Content-Length: 50000000", f"Cookie: {cookie}",
            "Content-Type: multipart/form-data; boundary=b", "", "--b\r\n",
        )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data, port = tmp_path_factory.mktemp("site"), free_port()
    environment = clean_environment(TUNEROOM_DATA=str(data), PORT=str(port), **SETTINGS)
    shutil.copy(migrated_database(), data)
    made = manage("shell", "--verbosity", "0", "-c", SESSION, environment=environment)
    sessions = dict(line.split() for line in made.stdout.splitlines() if line)
    assert len(sessions) == 2, made.stderr
    (data / "static").mkdir(exist_ok=True)
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up", "--only", "site"],
            env=environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    running = Site(port, data, sessions)
    try:
        wait_for(lambda: "is ready" in running.log, "the site is ready")
        yield running
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0


def is_closed(client: socket.socket) -> bool:
    """Whether the site has ended the connection, answered or not; else one more byte is sent."""
    client.settimeout(0.01)
    try:
        if not client.recv(65536):
            return True
        client.sendall(b"x")
    except TimeoutError:
        client.sendall(b"x")
    except OSError:
        return True
    return False


def until_closed(clients: list[socket.socket]) -> None:
    """Dawdle on, a byte now and then, until the site has had enough of each."""

    def some_are_left() -> bool:
        clients[:] = [client for client in clients if not _ended(client)]
        return bool(clients)

    wait_for(lambda: not some_are_left(), "the site closed them")


def _ended(client: socket.socket) -> bool:
    try:
        ended = is_closed(client)
    except OSError:
        ended = True
    if ended:
        client.close()
    return ended


def works(site: Site) -> bool:
    return answers(f"{site.url}/accounts/login/") and answers(f"{site.url}/health/")


HEAD = ("GET /accounts/login/ HTTP/1.1", "X-Slow: ")
FORM = ("POST /accounts/login/ HTTP/1.1", "Content-Length: 1000", "", "username=")
NEXT = ("GET /health/ HTTP/1.1", "", "GET /health/ HTTP/1.1\r\nHost: loc")
CHUNKED = ("POST /accounts/login/ HTTP/1.1", "Transfer-Encoding: chunked", "", "5\r\nab")
LARGE = ("POST /accounts/login/ HTTP/1.1", "Content-Length: 90000000", "", "username=")
CONTINUED = (
    FORM[0],
    "Content-Length: 100",
    "Expect: 100-continue",
    "",
    "",
)


@pytest.mark.parametrize("kinds", [(HEAD, FORM, NEXT, ()), (CHUNKED, LARGE, CONTINUED)])
def test_unfinished_requests_take_no_thread(site: Site, kinds: tuple[Any, ...]) -> None:
    clients = [site.connect(*lines) for lines in kinds * (MANY // len(kinds))]
    assert works(site)
    until_closed(clients)
    assert works(site)


def test_slow_uploads_leave_threads_for_pages_and_for_others(site: Site) -> None:
    clients = [site.upload(("alice", "bob")[place % 2]) for place in range(MANY // 4)]
    assert works(site)
    until_closed(clients)
    wait_for(lambda: not list((site.data / "uploads").iterdir()), "nothing of them is left")
    assert "Traceback" not in site.log


def test_slow_readers_leave_threads_for_others(site: Site) -> None:
    clients = []
    for _ in range(MANY // 2):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", site.port))
        client.sendall(b"GET /static/plotly/plotly.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        clients.append(client)
    assert works(site)
    for client in clients:
        client.close()


@pytest.mark.parametrize("way", ["sendall", "sendfile"])
def test_an_answer_that_nobody_takes_ends(
    way: str, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gunicorn_worker, "SEND_SECONDS", 0.2)
    # What the kernel takes at once earns no time to speak of.
    settings.SLOWEST_KB = 1_000_000
    file = tmp_path / "large"
    file.write_bytes(b"x" * 10_000_000)
    ours, theirs = socket.socketpair()
    with (
        theirs,
        gunicorn_worker.PatientSocket(fileno=ours.detach()) as client,
        file.open("rb") as f,
    ):
        client.setblocking(True)
        send = {"sendall": lambda: client.sendall(f.read()), "sendfile": lambda: client.sendfile(f)}
        with pytest.raises(gunicorn_worker.TooSlow):
            send[way]()


def test_an_answer_that_is_taken_arrives_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 20_000
    (tmp_path / "file").write_bytes(content)
    ours, theirs = socket.socketpair()
    received = bytearray()

    def take() -> None:
        while piece := theirs.recv(65536):
            received.extend(piece)

    thread = threading.Thread(target=take)
    thread.start()
    with gunicorn_worker.PatientSocket(fileno=ours.detach()) as client:
        client.setblocking(True)
        client.sendall(content)
        with (tmp_path / "file").open("rb") as file:
            assert client.sendfile(file, 100, 1_000_000) == 1_000_000
            assert client.sendfile(file, 256) == len(content) - 256
    thread.join()
    theirs.close()
    assert received == content + content[100:1_000_100] + content[256:]


def test_one_person_uploads_two_files_at_once(site: Site) -> None:
    clients = [site.upload("alice") for _ in range(3)]
    # Whichever of them comes last; nothing of it was read.
    answered, _, _ = select.select(clients, [], [], PATIENCE)
    assert [b" 429 " in client.recv(100) for client in answered] == [True]
    clients.append(site.upload("bob"))
    until_closed(clients)


def test_the_health_check_is_answered_while_pages_wait(site: Site) -> None:
    request = urllib.request.Request(  # noqa: S310
        f"{site.url}/teams/new/", b"name=Another", {**site.cookies("alice"), "X-CSRFToken": TOKEN}
    )
    database = sqlite3.connect(site.data / "db.sqlite3", isolation_level=None)
    # Whoever writes has to wait.
    database.execute("BEGIN IMMEDIATE")
    asking = [threading.Thread(target=_ask, args=(request,)) for _ in range(MANY)]
    try:
        for thread in asking:
            thread.start()
        page = f"{site.url}/accounts/login/"
        wait_for(lambda: not answers(page), "every thread has a page that waits")
        assert answers(f"{site.url}/health/")
    finally:
        database.execute("ROLLBACK")
        database.close()
        for thread in asking:
            thread.join()


def _ask(request: urllib.request.Request) -> None:
    # What becomes of it does not matter here.
    with suppress(OSError), urllib.request.urlopen(request):  # noqa: S310
        pass
