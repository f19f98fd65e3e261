"""What a process may do to its supervisor. Each is a short script in the real runner's place, as a
process of its own and as a fork of one."""

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.services import PATIENCE, ROOT, wait_for
from tuning.protocol.events import Event, Ready
from tuning.protocol.orders import InspectOrder, ProjectOrder, Split
from tuning.supervisor import launch, runners, usage
from tuning.supervisor.fork_servers import fork_servers
from tuning.supervisor.pool import RunnerPool
from tuning.supervisor.runners import Device, RunnerGone, RunnerProcess

HEAD = f"""
import os, sys, time, signal
sys.path.insert(0, {str(ROOT)!r})
from tuning.runner.fork_server import become_runner
def number(flag):
    return int(sys.argv[sys.argv.index(flag) + 1])
if "--forks-fd" in sys.argv:
    sys.argv = become_runner(number("--forks-fd"), number("--parent-pid"), lambda: None)
events = number("--events-fd")
ready = b'{{"event": "ready"}}\\n'
"""


@pytest.fixture(params=["process", "fork"])
def start(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: Any
) -> Iterator[Callable[[str], RunnerProcess]]:
    """A function that starts a process with the given code."""
    started = []

    def start(code: str) -> RunnerProcess:
        script = tmp_path / "main.py"
        script.write_text(HEAD + code)
        monkeypatch.setattr(launch, "MAIN", script)
        if request.param == "fork":
            fork_servers.close()
            wait_for(lambda: fork_servers.prepare(Device()), "the fork server")
        started.append(RunnerProcess(Device()))
        return started[-1]

    yield start
    for runner in started:
        runner.kill()
    fork_servers.close()


def next_event(runner: RunnerProcess, seconds: float = PATIENCE) -> Event:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (event := runner.read(timeout=0.1)) is not None:
            return event
    pytest.fail("no event came")


def test_a_child_that_keeps_the_pipe_does_not_hide_the_end(start: Any) -> None:
    """Forked workers of a template's own hold the descriptor of events and outlive the process."""
    runner = start("if os.fork() == 0: time.sleep(60)\nos.write(events, ready); os._exit(3)")
    assert next_event(runner) == Ready()
    with pytest.raises(RunnerGone, match="exit status 3"):
        next_event(runner)


def test_a_kill_is_one_however_long_the_guardian_takes_to_see_it(
    start: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine that takes seconds. A runner that closed its channel is another matter."""
    monkeypatch.setattr(runners, "_ENDING_SECONDS", 0.01)
    runner = start(
        "from tuning.runner.sandbox.guardian import stay_behind\n"
        "stay_behind(); os.write(events, ready); time.sleep(600)"
    )
    assert next_event(runner) == Ready()
    guardian, itself = usage.family(runner._process.pid)
    is_alive = runner._is_alive

    def looked() -> bool:
        found: bool = is_alive()
        guardian.resume()
        return found

    monkeypatch.setattr(runner, "_is_alive", looked)
    guardian.suspend()
    itself.kill()
    with pytest.raises(RunnerGone, match="killed by SIGKILL") as gone:
        next_event(runner)
    assert gone.value.killed_by == signal.SIGKILL


def test_a_signal_without_a_name_is_told(start: Any) -> None:
    runner = start("os.kill(os.getpid(), 40)")
    with pytest.raises(RunnerGone, match="signal 40"):
        next_event(runner)


def test_an_order_larger_than_a_pipe_waits_for_the_process(start: Any) -> None:
    """TensorFlow may take long to import; meanwhile the supervisor must not hang in `send`."""
    code = "x" * 1_000_000
    runner = start(
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "line = sys.stdin.readline()\n"
        "os.write(events, ready if len(line) > 1_000_000 else b'short')\n"
        "sys.stdin.readline()\n"
    )
    order = InspectOrder(ProjectOrder(code, "/", Split(0.7, 0.15, 0.15, 0, True)))
    sending = threading.Thread(target=runner.send, args=(order,), daemon=True)
    sending.start()
    # The process reads nothing before the file "go" is there.
    sending.join(60)
    assert not sending.is_alive()
    assert runner.read(timeout=0) is None
    (runner.folder / "go").touch()
    assert next_event(runner) == Ready()


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_the_log_is_what_was_printed_whatever_lies_under_its_name(
    kind: str, start: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("somebody else's")
    make = f"os.symlink({str(secret)!r}, 'log.txt')" if kind == "link" else "os.mkfifo('log.txt')"
    runner = start(f"print('mine'); os.unlink('log.txt'); {make}\nos.write(events, ready)")
    assert next_event(runner) == Ready()
    assert runner.log_tail() == "mine\n"
    runner.mark_log()
    assert runner.log_tail() == ""
    assert secret.read_text() == "somebody else's"


def open_files() -> int:
    # What earlier tests have left may be closed at any time.
    gc.collect()
    return psutil.Process().num_fds()


@pytest.mark.slow
def test_a_failed_start_leaves_nothing_open(monkeypatch: Any) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no more processes")

    monkeypatch.setattr(RunnerProcess, "start_process", refuse)
    folders, before = set(runners.runners_folder().iterdir()), open_files()
    with pytest.raises(OSError, match="no more processes"):
        RunnerProcess(Device())
    assert open_files() == before
    assert set(runners.runners_folder().iterdir()) == folders


@pytest.mark.slow
def test_a_runner_leaves_no_descriptor_open(start: Any) -> None:
    start("os.write(events, ready)").kill()
    before = open_files()
    start("os.write(events, ready)").kill()
    assert open_files() == before


def test_a_process_that_was_just_born_is_no_orphan(start: Any, monkeypatch: Any) -> None:
    """Another slot ends its runner between the birth of this one and its entry in the books."""
    real = runners.subprocess.Popen

    def born(*args: Any, **kwargs: Any) -> Any:
        process = real(*args, **kwargs)
        # What another slot's thread would do now; it has to wait for the entry.
        monkeypatch.setattr(runners.subprocess, "Popen", real)
        locked = runners.spawn.births.acquire(blocking=False)
        assert not locked
        return process

    monkeypatch.setattr(runners.subprocess, "Popen", born)
    runner = start("os.write(events, ready); sys.stdin.readline()")
    runners.kill_orphans()
    assert next_event(runner) == Ready()


def test_a_spare_that_died_is_not_handed_out(start: Any) -> None:
    start("os.write(events, ready)").kill()
    pool = RunnerPool()
    pool.keep([Device()], idle=True)
    [spare] = pool._spares
    assert isinstance(spare, RunnerProcess)
    spare._process.wait(PATIENCE)
    taken = pool.take(Device())
    assert taken is not spare
    taken.kill()
    assert not spare.folder.exists()
