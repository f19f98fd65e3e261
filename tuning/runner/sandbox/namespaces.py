"""Level 3 of the isolation: a runner's own view of the machine, by the kernel's namespaces.

Its file system holds only what the runner may read or write, at the usual paths; no process
outside is visible; /dev/shm and shared memory are its own and end with it. Root may make these,
and other users where the kernel lets them make a user namespace first.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from .guardian import stay_behind_a_namespace

_NEW_MOUNTS, _NEW_IPC, _NEW_USERS, _NEW_PROCESSES = 0x20000, 0x08000000, 0x10000000, 0x20000000
_READ_ONLY, _NO_SETUID, _NO_DEVICES, _REMOUNT = 1, 2, 4, 32
_BIND, _RECURSIVE, _PRIVATE = 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
# Flags that a mount keeps in a user namespace, as statvfs tells them -> as mount takes them.
_KEPT = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: 1 << 21}
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  the runner's own
_SHARED_MEMORY_MB = 1024
_entered = False


def is_known_here() -> bool:
    return sys.platform == "linux" and os.uname().machine in _PIVOT_ROOT


def entered() -> bool:
    """Whether this process is in namespaces of its own."""
    return _entered


def enter(readable: Iterable[Path], writable: Iterable[Path]) -> None:
    """Go on in a child within new namespaces, whose files are these paths and what is below them.
    Raises OSError where the kernel refuses."""
    global _entered
    # Asked before anything changes: a virtual environment is a link into other folders.
    shown = [(path, path.resolve(), False) for path in readable]
    shown += [(path, path.resolve(), True) for path in writable]
    _leave_the_old_ones()
    folder = Path.cwd()
    # First: /proc shows the processes of whoever mounts it.
    stay_behind_a_namespace()
    # Folders on the way to what is shown, which a user of the runner's own passes through as well.
    before = os.umask(0o022)
    _build(folder / ".root", shown)
    os.umask(before)
    os.chdir(folder)
    Path(".root").rmdir()
    _entered = True


def _leave_the_old_ones() -> None:
    flags = _NEW_MOUNTS | _NEW_IPC | _NEW_PROCESSES
    if _libc().unshare(flags) == 0:
        return
    user, group = os.getuid(), os.getgid()
    _call("unshare", _libc().unshare(flags | _NEW_USERS))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _build(root: Path, shown: list[tuple[Path, Path, bool]]) -> None:
    """Make the new file system at `root` and go there."""
    _mount("none", "/", "", _RECURSIVE | _PRIVATE)
    root.mkdir()
    _mount("tmpfs", root, "tmpfs", _NO_SETUID | _NO_DEVICES, "mode=0755,size=4m")
    for path, source, may_write in sorted(shown):
        if path != SHARED_MEMORY and not path.is_relative_to("/proc") and source.exists():
            _show(source, root / path.relative_to("/"), may_write)
    memory, processes = root / "dev/shm", root / "proc"
    for folder in (memory, processes):
        folder.mkdir(parents=True, exist_ok=True)
    # Here, not later: users may mount it only where they see a whole one.
    _mount("proc", processes, "proc", _NO_SETUID | _NO_DEVICES)
    options = f"mode=1777,size={_SHARED_MEMORY_MB}m,nr_inodes=10k"
    _mount("tmpfs", memory, "tmpfs", _NO_SETUID | _NO_DEVICES, options)
    _mount("none", root, "", _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID | _NO_DEVICES)
    os.chdir(root)
    # Both at one place: the old root comes to lie above the new one, and is taken off.
    number = _PIVOT_ROOT[os.uname().machine]
    _call("pivot_root", _libc().syscall(number, b".", b"."))
    _call("umount", _libc().umount2(b".", _DETACH))
    os.chdir("/")


def _show(source: Path, place: Path, may_write: bool) -> None:
    if place.exists():
        if not may_write:
            return  # Below a folder that is shown already.
    elif source.is_dir():
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    # Not with what is mounted below a writable folder: `root` itself is.
    _mount(source, place, "", _BIND if may_write else _BIND | _RECURSIVE)
    if not may_write:
        now = os.statvfs(place).f_flag
        kept = sum(flag for told, flag in _KEPT.items() if now & told)
        _mount("none", place, "", _BIND | _REMOUNT | _READ_ONLY | _NO_SETUID | kept & ~_NO_SETUID)


def _mount(source: Path | str, place: Path | str, kind: str, flags: int, options: str = "") -> None:
    result = _libc().mount(
        os.fsencode(source), os.fsencode(place), kind.encode() or None,
        ctypes.c_ulong(flags), options.encode() or None,
    )  # fmt: skip
    _call(f"mount {place}", result)


def _call(what: str, result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
