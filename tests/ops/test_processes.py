"""The family of processes behind `manage.py up`, with small children."""

import contextlib
import math
import os
import subprocess
import sys
from pathlib import Path
from threading import Timer

import psutil
import pytest

from tests.services import PATIENCE, ROOT, clean_environment, processes_with, wait_for
from tuning.management.processes import Taken, folder_lock

PARENT = """
import os, re, sys
from tuning.management import processes

processes.STOP_SECONDS = float(os.environ["GRACE"])
with processes.Family(dict(os.environ), re.compile(b"noise"), int(os.environ["DEATHS"])) as family:
    for number, program in enumerate(sys.argv[1:], 1):
        command, may_end = [sys.executable, "-uc", program], "in order" in program
        family.start(f"child{number}", command, may_end=may_end)
    for _ in family.run():
        pass
print(family.failed or "asked to stop")
"""
WAITS = "import time; print('up'); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up');"
    " time.sleep(600)"
)


def start(
    tmp_path: Path, *children: str, deaths: int = 1, grace: float = 10
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-uc", PARENT, *children],
        env=clean_environment(FAMILY=str(tmp_path), DEATHS=str(deaths), GRACE=str(grace)),
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def lines_until_up(parent: "subprocess.Popen[str]", count: int) -> list[str]:
    assert parent.stdout
    lines: list[str] = []
    while sum("up" in line for line in lines) < count:
        lines.append(parent.stdout.readline())
        assert lines[-1], "ended early"
    return lines


def rest_of(parent: "subprocess.Popen[str]") -> str:
    """What it still prints until it ends. `communicate` would lose what came together with a line
    that was read before."""
    assert parent.stdout
    too_late = Timer(PATIENCE, parent.kill)
    too_late.start()
    try:
        with parent:
            output = parent.stdout.read()
        assert too_late.is_alive(), "it went on for ever"
        return output
    finally:
        too_late.cancel()


def test_lines_carry_the_name_and_noise_is_dropped(tmp_path: Path) -> None:
    parent = start(tmp_path, "print('noise'); print(); print('half', end='')")
    output, _ = parent.communicate(timeout=PATIENCE)
    assert output.splitlines() == [
        "   child1 | half",
        "child1 ended unexpectedly (exit status 0)",
    ]


@pytest.mark.slow
def test_a_child_that_was_asked_to_end_is_no_failure(tmp_path: Path) -> None:
    """Alone it ends its parent; beside others it is started again."""
    output, _ = start(tmp_path, "print('in order')").communicate(timeout=PATIENCE)
    assert output.splitlines() == [
        "   child1 | in order",
        "Child1 ended in order.",
        "asked to stop",
    ]
    drained = f"print('up in order'); import sys, os; p = {str(tmp_path / 'once')!r}; " + (
        "again = os.path.exists(p); open(p, 'w').close(); again or sys.exit(); "
        "import time; time.sleep(60)"
    )
    parent = start(tmp_path, drained, WAITS)
    lines = lines_until_up(parent, 3)
    parent.terminate()
    output = rest_of(parent)
    assert "Child1 ended in order.\n" in lines
    assert output.splitlines()[-1] == "asked to stop"


@pytest.mark.slow
def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    dies = "import os, signal; print('up'); os.kill(os.getpid(), signal.SIGKILL)"
    parent = start(tmp_path, WAITS, dies, deaths=3)
    lines = lines_until_up(parent, 4)
    output = rest_of(parent)
    killed = "ended unexpectedly (killed by SIGKILL)"
    assert [
        line for line in [*lines, *output.splitlines(True)] if "child2 ended" in line.lower()
    ] == [
        f"Child2 {killed}. Starting it again in 0.5 s.\n",
        f"Child2 {killed}. Starting it again in 1 s.\n",
        f"child2 {killed}, 3 times within a short time\n",
    ]
    assert sum("child1 | up" in line for line in lines) == 1, "the other one went on"
    assert processes_with("FAMILY", str(tmp_path)) == []


@pytest.mark.slow
def test_what_a_dead_child_left_behind_ends_before_the_next_one(tmp_path: Path) -> None:
    leaves = (
        "import os, subprocess, sys; print('up', flush=True);"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); os._exit(1)"
    )
    parent = start(tmp_path, leaves, deaths=2)
    parent.communicate(timeout=PATIENCE)
    assert processes_with("FAMILY", str(tmp_path)) == []


@pytest.mark.slow
def test_a_restarted_child_ends_with_a_killed_parent(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    once = f"import pathlib, sys, time; p = pathlib.Path({str(flag)!r}); print('up');"
    once += " time.sleep(60) if p.exists() else p.touch()"
    parent = start(tmp_path, once, deaths=3)
    lines_until_up(parent, 2)
    parent.kill()
    parent.communicate()
    wait_for(lambda: not processes_with("FAMILY", str(tmp_path)), "all are gone")


def test_a_request_to_stop_ends_all(tmp_path: Path) -> None:
    parent = start(tmp_path, WAITS, WAITS)
    lines_until_up(parent, 2)
    parent.terminate()
    output = rest_of(parent)
    assert output.splitlines()[-1] == "asked to stop"
    assert processes_with("FAMILY", str(tmp_path)) == []


def test_the_second_request_is_impatient(tmp_path: Path) -> None:
    parent = start(tmp_path, STUBBORN, grace=math.inf)
    lines_until_up(parent, 1)
    parent.terminate()
    wait_for(lambda: _terminate_again(parent), "the end")
    parent.communicate()
    assert processes_with("FAMILY", str(tmp_path)) == []


def _terminate_again(parent: "subprocess.Popen[str]") -> bool:
    parent.terminate()
    return parent.poll() is not None


@pytest.mark.slow
def test_children_end_when_the_parent_is_killed(tmp_path: Path) -> None:
    parent = start(tmp_path, WAITS, WAITS)
    lines_until_up(parent, 2)
    parent.kill()
    parent.communicate()
    wait_for(lambda: not processes_with("FAMILY", str(tmp_path)), "all are gone")


def guards_of(parent: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The child that runs the parent's own program; none while one that was killed is replaced."""
    found = []
    for child in psutil.Process(parent.pid).children():
        with contextlib.suppress(psutil.Error):
            if PARENT in child.cmdline():
                found.append(child)
    return found


@pytest.mark.slow
def test_children_end_when_parent_and_guard_are_killed(tmp_path: Path) -> None:
    parent = start(tmp_path, WAITS, WAITS)
    lines_until_up(parent, 2)
    [guard] = guards_of(parent)
    for process in (guard, psutil.Process(parent.pid)):
        process.suspend()
    for process in (guard, psutil.Process(parent.pid)):
        process.kill()
    parent.communicate()
    wait_for(lambda: not processes_with("FAMILY", str(tmp_path)), "all are gone")


@pytest.mark.slow
def test_a_killed_guard_is_replaced(tmp_path: Path) -> None:
    parent = start(tmp_path, STUBBORN, STUBBORN)
    lines_until_up(parent, 2)
    [first] = guards_of(parent)
    first.kill()
    wait_for(lambda: any(guard != first for guard in guards_of(parent)), "another guard")
    parent.kill()
    parent.communicate()
    # They ignore the parent-death signal: only a guard that knows them ends them.
    wait_for(lambda: not processes_with("FAMILY", str(tmp_path)), "all are gone")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with folder_lock(path), pytest.raises(Taken, match=str(os.getpid())), folder_lock(path):
        pass
    with folder_lock(path):
        pass
