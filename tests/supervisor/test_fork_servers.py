"""Runners that are forks of one process: what `test_runner_process.py` and the hostile templates do
not show, with a fork server that imports nothing."""

import json
import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import PATIENCE, ROOT, wait_for
from tuning.protocol.events import Ready
from tuning.protocol.forks import GO
from tuning.protocol.orders import EndOrder
from tuning.supervisor import fork_servers as module
from tuning.supervisor import gpus, isolation, launch
from tuning.supervisor.fork_servers import (
    ForkedProcess,
    ForkServerGoneError,
    ForkServers,
    fork_servers,
)
from tuning.supervisor.launch import Device, RunnerStart
from tuning.supervisor.runners import RunnerGone, RunnerProcess
from tuning.supervisor.spawner import spawn

from .test_runner_process import next_event, open_files

HEAD = f"""
import argparse, json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from tuning.runner.fork_server import become_runner
from tuning.runner.sandbox.hardening import harden
parser = argparse.ArgumentParser()
for flag in ("--forks-fd", "--events-fd", "--parent-pid"):
    parser.add_argument(flag, type=int)
given = parser.parse_args()
"""
SERVER = """
if given.forks_fd is not None:
    given = parser.parse_args(become_runner(given.forks_fd, given.parent_pid, lambda: None))
harden(given.parent_pid, int(os.environ["RUNNER_LEVEL"]))
"""
READY = """
os.write(given.events_fd, b'{"event": "ready"}\\n')
sys.stdin.readline()
"""
LOOK = """
import pathlib, tempfile
listed = os.listdir("/proc/self/fd")
seen = {
    "environment": dict(os.environ), "folder": os.getcwd(), "temporary": tempfile.gettempdir(),
    "leads": os.getsid(0) == os.getpid(), "events": given.events_fd,
    "files": sorted(int(each) for each in listed if os.path.exists("/proc/self/fd/" + each)),
}
pathlib.Path("seen").write_text(json.dumps(seen))
"""


@pytest.fixture
def runners_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """A function that puts a script in the place of runners and of their fork server."""

    def write(script: str) -> None:
        (tmp_path / "main.py").write_text(HEAD + script)
        monkeypatch.setattr(launch, "MAIN", tmp_path / "main.py")

    yield write
    fork_servers.close()


@pytest.fixture
def serve(runners_are: Callable[[str], None]) -> Callable[..., None]:
    """A function that starts a fork server, whose runners do `code`."""

    def serve(code: str = "", server: str = SERVER) -> None:
        runners_are(server + code + READY)
        wait_for(lambda: fork_servers.prepare(Device()), "the fork server")

    return serve


@pytest.fixture
def import_until(runners_are: Callable[[str], None]) -> Callable[[Path], None]:
    """A function that starts a fork server, whose imports take until this file is there."""

    def start(file: Path) -> None:
        runners_are(
            "if given.forks_fd is not None:\n"
            "    print('imports', flush=True)\n"
            f"    while not os.path.exists({str(file)!r}): os.sched_yield()\n" + SERVER + READY
        )
        assert not fork_servers.prepare(Device())

    return start


@pytest.fixture
def living_children() -> Callable[[], set[int]]:
    """A function that returns those that this test has started."""

    def living() -> set[int]:
        children = psutil.Process().children()
        return {each.pid for each in children if each.status() != psutil.STATUS_ZOMBIE}

    before = living()
    return lambda: living() - before


@pytest.fixture
def start() -> Iterator[Callable[..., RunnerProcess]]:
    started = []

    def start(device: Device | None = None, needs_keras: bool = True) -> RunnerProcess:
        started.append(RunnerProcess(device or Device(), needs_keras))
        return started[-1]

    yield start
    for runner in started:
        runner.kill()


@pytest.fixture
def when_awaited(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """A function that has something happen as soon as a fork server is waited for."""
    look = module._can_be_read

    def have(happen: Callable[[], Any]) -> None:
        def look_and_see(descriptor: int, seconds: float | None) -> bool:
            if seconds:
                happen()
            return look(descriptor, seconds)

        monkeypatch.setattr(module, "_can_be_read", look_and_see)

    return have


def the_server() -> psutil.Process:
    return psutil.Process(fork_servers._servers[1]._process.pid)


def is_fork(runner: RunnerProcess) -> bool:
    return "--forks-fd" in psutil.Process(runner._process.pid).cmdline()


def test_a_fork_is_as_a_process_of_its_own(serve: Any, start: Any) -> None:
    """Its environment, folder, temporary folder, session and open files."""
    serve(LOOK)
    seen = []
    for _ in range(2):
        runner = start()
        assert next_event(runner) == Ready()
        seen.append((runner, json.loads((runner.folder / "seen").read_text())))
        fork_servers.close()
    (forked, one), (alone, other) = seen
    assert is_fork(forked)
    assert not is_fork(alone)
    for runner, found in seen:
        assert found["environment"].pop("HOME") == found["folder"] == str(runner.folder)
        assert found["temporary"] == found["environment"].pop("TMPDIR") == str(runner.folder)
        assert found["environment"].pop("KERAS_HOME") == str(runner.folder / "keras")
        assert found["files"] == [0, 1, 2, found["events"]]
        assert found["leads"]
    assert one["environment"] == other["environment"]


def test_runners_outlive_their_fork_server_and_the_next_ones_have_another(
    serve: Any, start: Any
) -> None:
    serve()
    before, killed = start(), the_server()
    assert next_event(before) == Ready()
    killed.kill()
    killed.wait(PATIENCE)
    # Nobody has noticed yet.
    between = start()
    assert next_event(between) == Ready()
    wait_for(lambda: fork_servers.prepare(Device()), "the next fork server")
    after = start()
    assert next_event(after) == Ready()
    assert [is_fork(runner) for runner in (before, between, after)] == [True, False, True]
    assert the_server() != killed
    before.send(EndOrder())
    with pytest.raises(RunnerGone, match="exit status 0"):
        next_event(before)


def test_a_stopped_fork_server_is_given_up(
    serve: Any, start: Any, living_children: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FORK_SECONDS", 0.2)
    serve()
    stopped = the_server()
    stopped.suspend()
    runner = start()
    assert next_event(runner) == Ready()
    assert not is_fork(runner)
    assert not stopped.is_running()
    assert living_children() == {runner._process.pid}


# What the process between the fork server and a runner does in place of its fork.
BETWEEN = """
fork = os.fork
def fork_first():
    number = fork()
    if number == 0:
        os.fork = fork_then
    return number
def fork_then():
    os.fork = fork
    {code}
    return fork()
if given.forks_fd is not None:
    os.fork = fork_first
"""


def test_a_fork_that_comes_too_late_ends_by_itself(
    serve: Any, start: Any, living_children: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two runners would share its folder, orders and events."""
    monkeypatch.setattr(module, "_FORK_SECONDS", 0.2)
    wait = f"while not os.path.exists({str(tmp_path / 'go')!r}): os.sched_yield()"
    serve("open('begun', 'a').write('.')", BETWEEN.format(code=wait) + SERVER)
    runner = start()
    assert next_event(runner) == Ready()
    (tmp_path / "go").touch()
    wait_for(lambda: living_children() == {runner._process.pid}, "the late one ends")
    assert (runner.folder / "begun").read_text() == "."


def test_a_system_without_room_for_a_process_says_so(serve: Any, start: Any) -> None:
    serve(server=BETWEEN.format(code="raise BlockingIOError(11, 'no more processes')") + SERVER)
    before = open_files()
    with pytest.raises(OSError, match="no more processes"):
        start()
    assert open_files() == before
    assert the_server().is_running()


def test_a_fork_server_that_cannot_import_is_tried_once(
    runners_are: Any, living_children: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A runner of its own says what is wrong."""
    runners_are("import no_such_package\n")
    servers = ForkServers()
    with caplog.at_level(logging.WARNING):
        wait_for(lambda: servers.prepare(Device()), "it is given up")
    assert "No module named 'no_such_package'" in caplog.text
    assert servers.prepare(Device())
    assert not servers._servers
    assert not living_children()


def test_a_fork_server_that_is_killed_during_its_imports_is_started_anew(
    import_until: Any, when_awaited: Any, start: Any, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """And who waited for it does not wait any longer."""
    import_until(tmp_path / "go")
    when_awaited(the_server().kill)
    assert not is_fork(start())
    (tmp_path / "go").touch()
    wait_for(lambda: fork_servers.prepare(Device()), "the next fork server")
    when_awaited(lambda: None)
    assert is_fork(start())
    assert "failed" not in caplog.text


def test_whoever_has_claimed_a_trial_waits_for_the_imports(
    import_until: Any, when_awaited: Any, start: Any, tmp_path: Path
) -> None:
    """What needs no Keras does not: it would begin sooner by itself."""
    import_until(tmp_path / "go")
    assert not is_fork(start(needs_keras=False))
    when_awaited((tmp_path / "go").touch)
    assert is_fork(start())


def test_runners_with_a_gpu_import_by_themselves(serve: Any, start: Any) -> None:
    serve()
    runner = start(Device(gpus.Gpu(0)))
    assert next_event(runner) == Ready()
    assert not is_fork(runner)
    assert ForkServers().prepare(Device(gpus.Gpu(0)))


def test_each_number_of_threads_has_its_own_fork_server(serve: Any, start: Any) -> None:
    """OpenBLAS reads it when it is imported."""
    serve()
    assert not is_fork(start(Device(threads=2)))
    wait_for(lambda: fork_servers.prepare(Device(threads=2)), "the second fork server")
    two = start(Device(threads=2))
    server = fork_servers._servers[2]._process.pid
    assert is_fork(two)
    assert psutil.Process(server).environ()["OMP_NUM_THREADS"] == "2"


def test_the_end_of_a_runner_is_told_as_it_was(serve: Any, start: Any) -> None:
    serve("os.kill(os.getpid(), 9)")
    with pytest.raises(RunnerGone, match="SIGKILL") as gone:
        next_event(start())
    assert gone.value.killed_by == signal.SIGKILL


def test_nothing_is_left_of_fork_servers_that_were_closed(serve: Any, living_children: Any) -> None:
    serve()
    fork_servers.close()
    before, folders = open_files(), sorted(module.runners_folder().iterdir())
    serve()
    fork_servers.close()
    assert open_files() == before
    assert sorted(module.runners_folder().iterdir()) == folders
    assert not living_children()


def test_guardians_share_their_memory_with_the_runner(serve: Any, start: Any) -> None:
    """They are forks of the same process: counted once."""
    megabytes = 200
    serve(server=f"held = bytearray(os.urandom(1)) * ({megabytes} << 20)\n{SERVER}")
    runner = start()
    assert next_event(runner) == Ready()
    assert megabytes << 20 < runner.memory(1 << 40) < (megabytes + 100) << 20
    # What is divided is less than the whole.
    assert runner.memory(0) < megabytes << 20


@pytest.mark.parametrize("level", [0, 2, isolation.HIGHEST_LEVEL])
def test_joblib_works_as_isolated(level: int, serve: Any, start: Any, settings: Any) -> None:
    """It looks for shared memory when it is imported, which is before the isolation."""
    settings.SANDBOX_LEVEL = level
    serve(
        "os.environ['JOBLIB_TEMP_FOLDER'] = '.'\n"
        "jobs = joblib.Parallel(n_jobs=2, backend='threading')\n"
        "assert jobs(joblib.delayed(abs)(number) for number in (-1, 2)) == [1, 2]",
        f"import joblib\n{SERVER}",
    )
    runner = start()
    assert next_event(runner) == Ready(), runner.log_tail()
    assert is_fork(runner)


def test_a_late_answer_is_not_taken_for_the_next(
    serve: Any, living_children: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two slots that ask at once, the first gives up while the fork server stands still."""
    monkeypatch.setattr(module, "_FORK_SECONDS", 0.2)
    serve()
    server, process = fork_servers._servers[1], the_server()
    process.suspend()
    # It answers between the moment when it is given up and its end.
    kill = server._process.kill

    def kill_late() -> None:
        process.resume()
        wait_for(lambda: module._can_be_read(server._requests.fileno(), 0), "the late answer")
        kill()

    monkeypatch.setattr(server._process, "kill", kill_late)
    orders, log, events, _ = descriptors = [*os.pipe(), *os.pipe()]
    asked = RunnerStart(Device(), True, 0, tmp_path, orders, log, events)
    try:
        for _ in range(2):
            with pytest.raises(ForkServerGoneError):
                server.fork(asked)
            monkeypatch.setattr(server._process, "kill", kill)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
    wait_for(lambda: not living_children(), "nothing is left")


def test_a_fork_is_known_before_it_begins(
    serve: Any, start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another slot that ends its runner at this moment would take it for an orphan."""
    serve()
    born: list[int] = []

    def made(pid: int) -> ForkedProcess:
        assert spawn.births.locked()
        born.append(pid)
        return ForkedProcess(pid)

    def write(descriptor: int, content: bytes) -> int:
        if content == GO:
            assert born[-1] in spawn.started
        return real_write(descriptor, content)

    real_write = os.write
    monkeypatch.setattr(module, "ForkedProcess", made)
    monkeypatch.setattr(module.os, "write", write)
    runner = start()
    assert born == [runner._process.pid]
    assert next_event(runner) == Ready()


def test_a_crash_during_the_imports_is_not_repeated(
    runners_are: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A processor that lacks an instruction will lack it the next time."""
    runners_are("import signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    servers = ForkServers()
    wait_for(lambda: servers.prepare(Device()), "it is given up")
    assert "status -4" in caplog.text
    assert not servers._servers
