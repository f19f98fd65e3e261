"""The runner as a process: what it promises about itself, and how it ends."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.services import PATIENCE, wait_for
from tuning.protocol.events import Ready
from tuning.supervisor.usage import family

from .harness import MAIN, Runner

linux = pytest.mark.skipif(sys.platform != "linux", reason="prctl and /proc are Linux's")


@linux
def test_its_limits_hold(tmp_path: Path) -> None:
    with Runner(tmp_path / "work", "--no-keras", RUNNER_FILE_SIZE_MB="7") as runner:
        runner.until(Ready)
        # The process that was started stayed behind as the guardian.
        (child,) = psutil.Process(runner.process.pid).children()
        process = Path(f"/proc/{child.pid}")
        limits = {
            line[:25].strip(): line[25:].split()[:2]
            for line in (process / "limits").read_text().splitlines()
        }
        assert limits["Max core file size"] == ["0", "0"]
        assert limits["Max file size"] == [str(7 * 1024 * 1024)] * 2
        assert int(limits["Max open files"][1]) <= 4096
        assert "NoNewPrivs:\t1" in (process / "status").read_text()


@linux
@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("place", [0, -1], ids=["guardian", "runner"])
def test_a_signal_from_outside_is_how_it_ended(
    place: int, by: signal.Signals, tmp_path: Path
) -> None:
    with Runner(tmp_path / "work", "--no-keras") as runner:
        runner.until(Ready)
        family(runner.process.pid)[place].send_signal(by)
        assert runner.process.wait(PATIENCE) == -by


def test_the_end_of_its_orders_is_its_end(tmp_path: Path) -> None:
    with Runner(tmp_path / "work", "--no-keras") as runner:
        runner.until(Ready)
        assert runner.process.stdin
        runner.process.stdin.close()
        assert runner.receive() is None
        assert runner.process.wait(PATIENCE) == 0
        runner.process.stdin = None


@linux
def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    parent = (
        "import os, subprocess, sys\n"
        "read, write = os.pipe()\n"
        "command = [sys.executable, '-I', sys.argv[1], '--events-fd', str(write)]\n"
        "command += ['--parent-pid', str(os.getpid()), '--no-keras']\n"
        "child = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[write])\n"
        "os.read(read, 100)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", parent, str(MAIN)], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: _has_ended(int(done.stdout)), "the runner ends with its parent")


@linux
def test_it_does_not_start_for_a_parent_that_is_gone(tmp_path: Path) -> None:
    read, write = os.pipe()
    command = [sys.executable, "-I", str(MAIN), "--events-fd", str(write), "--parent-pid", "1"]
    done = subprocess.run(command, pass_fds=[write], stdin=subprocess.DEVNULL, cwd=tmp_path)
    os.close(write)
    assert done.returncode == 1
    assert os.read(read, 1) == b""
    os.close(read)


def test_children_inherit_neither_pipe(tmp_path: Path) -> None:
    code = (
        "import os, subprocess, sys\n"
        f"sys.path.insert(0, {str(MAIN.parents[2])!r})\n"
        "from tuning.runner.channel import Channel\n"
        "Channel(int(sys.argv[1]))\n"
        "look = 'import os; print(os.fstat(0).st_mode, len(os.listdir(\"/dev/fd\")))'\n"
        "subprocess.run([sys.executable, '-c', look], close_fds=False, check=True)\n"
    )
    read, write = os.pipe()
    done = subprocess.run(
        [sys.executable, "-c", code, str(write)],
        pass_fds=[write],
        stdin=subprocess.PIPE,
        capture_output=True,
        text=True,
        check=True,
    )
    os.close(read)
    os.close(write)
    # Standard input, output and error, and the one that lists them.
    assert done.stdout.split()[1] == "4"


def _has_ended(pid: int) -> bool:
    """A process that nobody has waited for is still listed."""
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] == "Z"
    return True
