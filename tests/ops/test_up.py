"""`manage.py up`: it starts, it says where, and it leaves nothing behind."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from wsgiref.simple_server import make_server

import psutil
import pytest

from tests.services import (
    PATIENCE,
    Tuneroom,
    accepts,
    answers,
    clean_environment,
    copy_prepared_folder,
    free_port,
    manage,
    processes_with,
    start_tuneroom,
    wait_for,
)
from tuning.management.commands import up


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tuneroom]:
    """Shared by the tests of this file, since a start takes many seconds: leave it running. In the
    end, after its parts were killed, it stops without leaving a process."""
    running = start_tuneroom(tmp_path_factory.mktemp("running") / "data", SPARE_RUNNERS="0")
    try:
        yield running
        assert running.stop() == 0
        nothing_is_left(running)
    finally:
        running.kill()


@pytest.fixture
def with_a_spare_runner(tmp_path: Path) -> Iterator[Tuneroom]:
    running = start_tuneroom(tmp_path / "data")
    yield running
    running.kill()


# A worker imports TensorFlow, so these take seconds each.
pytestmark = pytest.mark.tensorflow


def nothing_is_left(running: Tuneroom) -> None:
    # The kernel ends a dead worker's runners, but not within the same instant.
    wait_for(lambda: not running.processes(), "every process is gone")


def test_starts_beside_another_copy_and_stops_without_leaving_a_process(
    with_a_spare_runner: Tuneroom, running: Tuneroom
) -> None:
    copy = with_a_spare_runner
    assert copy.url in copy.log
    names = " ".join(word for process in copy.processes() for word in command_line(process))
    assert "gunicorn" in names
    assert "celery" in names
    assert answers(f"{copy.url}/health/")
    assert answers(f"{running.url}/health/")

    assert copy.stop() == 0
    nothing_is_left(copy)
    assert copy.log.rstrip().endswith("Stopped.")
    assert not accepts(int(copy.environment["PORT"]))
    assert answers(f"{running.url}/health/")


def test_children_do_not_survive_a_kill_and_a_termination_stops_the_next_start(
    with_a_spare_runner: Tuneroom,
) -> None:
    running = with_a_spare_runner
    running.process.kill()
    running.process.wait()
    wait_for(lambda: not running.processes(), "every process is gone")

    # Nothing is left that would keep the same folder and port from starting again.
    again = start_tuneroom(running.data, PORT=running.environment["PORT"], SPARE_RUNNERS="0")
    try:
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(PATIENCE) == 0
        nothing_is_left(again)
    finally:
        again.kill()


def command_line(process: psutil.Process) -> list[str]:
    """Nothing of one that has ended meanwhile: a worker tries its sandbox with such."""
    with contextlib.suppress(psutil.Error):
        return process.cmdline()
    return []


def test_two_copies_do_not_run_on_one_folder(running: Tuneroom) -> None:
    second = running.manage("up", env={**running.environment, "PORT": str(free_port())})
    assert second.returncode == 1
    assert f"already running on {running.data}" in second.stderr
    assert answers(f"{running.url}/health/")


def test_a_taken_port_is_one_sentence(running: Tuneroom, tmp_path: Path) -> None:
    environment = clean_environment(TUNEROOM_DATA=str(tmp_path / "data2"))
    copy_prepared_folder(tmp_path / "data2")
    port = running.environment["PORT"]
    done = manage("up", environment={**environment, "PORT": port})
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: Port {port} is in use.")
    assert done.stderr.count("\n") == 1
    assert processes_with("TUNEROOM_DATA", environment["TUNEROOM_DATA"]) == []


def test_a_part_that_is_killed_comes_back(running: Tuneroom) -> None:
    main = psutil.Process(running.process.pid)
    # What watches over them is a fork of `manage.py up` itself.
    parts = [part for part in main.children() if "up" not in command_line(part)]
    assert len(parts) == 3
    for part in parts:
        part.kill()
    for name in ("Site", "Worker", "Scheduler"):
        assert wait_for(
            lambda name=name: f"{name} ended unexpectedly (killed by SIGKILL)" in running.log,
            f"the end of the {name} is told",
        )
    wait_for(lambda: answers(f"{running.url}/health/"), "the site answers again")
    # That it stops cleanly then as well is for the fixture to check.


def test_it_asks_its_own_site_through_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    def site(_: object, start: object) -> list[bytes]:
        start("200 OK", [])  # type: ignore[operator]
        return [b"healthy"]

    with make_server("127.0.0.1", 0, site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert up.answers(up.url("127.0.0.1", server.server_port))
        server.shutdown()
