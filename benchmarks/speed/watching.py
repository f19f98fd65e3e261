"""What a running program needs: memory, files, and the share of graph execution."""

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread

import psutil

SECONDS = 2.0
# Of a runner with its imports, which are more.
IMPORTED_BYTES = 150_000_000
# Below this share of one core, a program counts as idle.
IDLE_SHARE = 0.1


class Watch:
    """Looks at the processes below `root` until it is left: their memory every two seconds (pages
    that several share are counted once), and samples that `builders/sampling.py` leaves in
    `folder`."""

    def __init__(self, roots: Iterable[int], folder: Path) -> None:
        self._roots, self._folder = list(roots), folder
        self._samples: dict[str, dict[str, float]] = {}
        self._over = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self.peak_bytes = 0

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def graph_share(self) -> float | None:
        """Of the processor time of all processes that sampled; None if none did."""
        total = sum(each["all"] for each in self._samples.values())
        return sum(each["graph"] for each in self._samples.values()) / total if total else None

    def _look(self) -> None:
        while True:
            self.peak_bytes = max(self.peak_bytes, sum(map(_pss, _processes(self._roots))))
            for path in self._folder.rglob("samples-*.json"):
                try:
                    self._samples[str(path)] = json.loads(path.read_text())
                except (OSError, ValueError):
                    continue  # Its process has just ended.
            if self._over.wait(SECONDS):
                return


def bytes_in(folder: Path) -> int:
    """What all files of a folder take on the disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            found = path.lstat()
        except OSError:
            continue
        total += found.st_blocks * 512
    return total


def wait_until_idle(root: int, seconds: float = 60) -> None:
    """Until a program has used next to no processor time for a second and a half."""
    deadline = time.monotonic() + seconds
    quiet = 0
    while quiet < 3 and time.monotonic() < deadline:
        before = _processor_time(root)
        time.sleep(0.5)
        quiet = quiet + 1 if _processor_time(root) - before < 0.5 * IDLE_SHARE else 0


def wait_for_spare_runner(root: int, seconds: float = 60) -> None:
    """Until one of Tuneroom's runners has done its imports, or is a fork of a process that has."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if any(map(_has_imported, runners(root))):
            return
        time.sleep(0.2)


def _has_imported(runner: psutil.Process) -> bool:
    try:
        return int(runner.memory_info().rss) > IMPORTED_BYTES
    except psutil.Error:
        return False


def _is_runner(process: psutil.Process) -> bool:
    """Not the process that runners are forks of, whose command they have: it gives up no rights."""
    if "tuning/runner/__main__.py" not in " ".join(process.cmdline()):
        return False
    return "NoNewPrivs:\t1" in Path(f"/proc/{process.pid}/status").read_text()


def runners(root: int) -> list[psutil.Process]:
    """Tuneroom's runners below a process."""
    found = []
    for process in _processes([root]):
        try:
            if _is_runner(process):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _processes(roots: Iterable[int]) -> list[psutil.Process]:
    found = []
    for root in roots:
        try:
            process = psutil.Process(root)
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found


def _pss(process: psutil.Process) -> int:
    try:
        text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def _processor_time(root: int) -> float:
    total = 0.0
    for process in _processes([root]):
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        total += times.user + times.system
    return total
