"""What a runner takes of the machine: memory, processes and disk, all its children included.

A trial's peak memory is the most that its runner's processes had from the first model of this
trial on: until then a runner still holds the model of the trial before. The supervisor looks
twice a second, and once more when the trial ends.
"""

# With each trial dozens of these are read: pathlib takes longer than the kernel.
# ruff: noqa: PTH115, PTH116, PTH123, PTH208

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

# A runner that makes more files than this fills the file system's table of files.
MAX_FILES = 100_000
_DELETED = " (deleted)"
_IN_MEMORY = ("/memfd:", "/dev/shm/", "/dev/zero")  # noqa: S108
_OWN = re.compile(rb"^Pss_(?:Anon|Shmem):\s+(\d+) kB", re.MULTILINE)
_OOM_KILLS = re.compile(rb"^oom_kill (\d+)", re.MULTILINE)
_THREADS = re.compile(rb"^Threads:\s+(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class DiskUse:
    """`bytes` as the files would be copied: holes count in full. `files` counts up to just beyond
    MAX_FILES."""

    bytes: int = 0
    files: int = 0


@dataclass(frozen=True)
class Leftovers:
    """What a trial left behind in its runner. `has_company`: processes that it started are still
    there; `processes` counts threads, too."""

    has_company: bool
    processes: int
    disk: DiskUse


def oom_kills() -> int:
    """Processes that the kernel has ended for lack of memory: on this machine, and within the
    limits of the control group, which a container's kernel counts apart."""
    return _counted(Path("/proc/vmstat")) + _counted(Path("/sys/fs/cgroup/memory.events"))


def _counted(file: Path) -> int:
    try:
        found = _OOM_KILLS.search(file.read_bytes())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def family(root: int) -> list[psutil.Process]:
    """A process and all that descend from it, as the kernel lists them: quick, however many other
    processes the machine has. While some of them end, others may be missing from it."""
    found: list[psutil.Process] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop(0)
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(psutil.Process(pid))
            waiting += _children(found[-1])
    return found


def _children(process: psutil.Process) -> list[int]:
    tasks = f"/proc/{process.pid}/task"
    try:
        lists = [_content(f"{tasks}/{task}/children") for task in os.listdir(tasks)]
    except FileNotFoundError:
        # A task or the process has ended, or this kernel has no such lists.
        return [child.pid for child in process.children()]
    except OSError:
        return []
    return [int(pid) for pids in lists for pid in pids.split()]


def _content(file: str) -> bytes:
    with open(file, "rb") as opened:
        return opened.read()


def resident(processes: Iterable[psutil.Process], limit: int) -> int:
    """Bytes of memory in use.

    What processes share counts for each, and so do mapped files, of which large datasets are one,
    unless that comes to more than `limit`: then the former is divided among them and the latter,
    which the kernel drops when it needs the room, counts for nothing. It takes the kernel a while
    to find that out.
    """
    tree = list(processes)
    total = sum(map(_resident, tree))
    return sum(map(_own, tree)) if total > limit else total


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _own(process: psutil.Process) -> int:
    try:
        rollup = _content(f"/proc/{process.pid}/smaps_rollup")
    except OSError:
        return _resident(process) if psutil.pid_exists(process.pid) else 0
    return 1024 * sum(int(kilobytes) for kilobytes in _OWN.findall(rollup))


@dataclass(frozen=True)
class Unnamed:
    """Bytes of open files that no folder shows: memory that is written like a file (memfd), and
    what was deleted on the disk."""

    memory: int = 0
    disk: int = 0


def unnamed(processes: Iterable[psutil.Process]) -> Unnamed:
    # By inode: the same one may be open many times.
    found: dict[tuple[int, int], tuple[bool, int]] = {}
    for process in processes:
        with contextlib.suppress(OSError):
            folder = f"/proc/{process.pid}/fd"
            for descriptor in os.listdir(folder):
                with contextlib.suppress(OSError):
                    path = f"{folder}/{descriptor}"
                    name = os.readlink(path)
                    if name.endswith(_DELETED):
                        facts = os.stat(path)
                        in_memory = name.startswith(_IN_MEMORY)
                        key = facts.st_dev, facts.st_ino
                        found[key] = (in_memory, facts.st_blocks * 512)
    sizes = found.values()
    return Unnamed(
        memory=sum(size for in_memory, size in sizes if in_memory),
        disk=sum(size for in_memory, size in sizes if not in_memory),
    )


def shared_memory(pid: int) -> int:
    """Bytes in /dev/shm as this process sees it: in namespaces, its own."""
    try:
        facts = os.statvfs(f"/proc/{pid}/root/dev/shm")
    except OSError:
        return 0
    return (facts.f_blocks - facts.f_bfree) * facts.f_frsize


def threads(processes: Iterable[psutil.Process]) -> int:
    """How many tasks the kernel has of them: every process is at least one."""
    total = 0
    for process in processes:
        try:
            found = _THREADS.search(_content(f"/proc/{process.pid}/status"))
        except OSError:
            continue  # It ended while we looked.
        total += int(found[1]) if found else 1
    return total


def disk_use(folder: Path) -> DiskUse:
    """What lies below a folder. No link is followed."""
    total, files = 0, 0
    waiting = [str(folder)]
    while waiting and files <= MAX_FILES:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    files += 1
                    if files > MAX_FILES:
                        break
                    # It may be gone, or changed into something else, at any moment.
                    with contextlib.suppress(OSError):
                        facts = entry.stat(follow_symlinks=False)
                        total += max(facts.st_size, facts.st_blocks * 512)
                        if stat.S_ISDIR(facts.st_mode):
                            waiting.append(entry.path)
        except OSError:
            continue
    return DiskUse(total, files)
