"""Rights that a process gives up for good: privileges, its user, open-ended limits."""

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
_CAPABILITY_VERSION = 0x20080522
_MAX_CAPABILITIES = 64

_OPEN_FILES = 4096
# A tenth of the weight of an ordinary process, if one wants the same processor.
_NICE = 10
# The kernel's limit is only the brake for a bomb that is faster than the supervisor's count.
_PROCESSES_BEYOND = 100


def die_with_parent(parent_pid: int, how: int = signal.SIGKILL) -> None:
    """Have the kernel send `how` when the parent ends. Exits if it has ended already. A change of
    the user takes this back."""
    if sys.platform == "linux":
        prctl(_PR_SET_PDEATHSIG, how)
        # The parent may have died before the line above took effect: then no signal ever comes.
        # To the first process of a namespace every parent outside is 0.
        if os.getppid() != parent_pid:
            os._exit(1)


def switch_user(user: int, group: int) -> None:
    """Become a user without an account. Raises OSError where that is not allowed."""
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    # The kernel hides a process that changed its user from itself: /proc/self would be closed.
    prctl(_PR_SET_DUMPABLE, 1)
    os.umask(0o027)


def count_as_another_user(user: int) -> bool:
    """Have root's process counted as this user's, who has no other: root's have no limit. It keeps
    root's access to files. Whether that was done: 0 is nobody, and others cannot."""
    if not user or os.geteuid() != 0:
        return False
    try:
        os.setresuid(user, 0, 0)
    except PermissionError:
        return False
    return True


def drop_privileges() -> None:
    """No capability is left, and no program brings one back: not for root either."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in range(_MAX_CAPABILITIES):
        # Refused without privileges and beyond the last one: then there is nothing to drop.
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def set_limits(alone: bool) -> None:
    """Limits of files and processes. `alone`: no other process runs as this user, so that the
    kernel's count of processes, which is the user's, is this runner's."""
    try:
        import resource
    except ImportError:
        return  # Not a POSIX system.
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    # They would outlive the process, out of everybody's sight.
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        lower(resource.RLIMIT_MSGQUEUE, 0)
    megabytes = int(os.environ.get("RUNNER_FILE_SIZE_MB", "0"))
    if megabytes:
        lower(resource.RLIMIT_FSIZE, megabytes * 1024 * 1024)
    processes = int(os.environ.get("RUNNER_PROCESSES", "0"))
    if processes and sys.platform == "linux":
        others = 0 if alone else _threads_of_user() + 3 * processes
        lower(resource.RLIMIT_NPROC, others + processes + _PROCESSES_BEYOND)


def yield_to_others() -> None:
    """Let the supervisor, the guardian and the site go first when the processor is short: a bomb of
    processes must not keep those waiting that end it. No process takes this back."""
    os.nice(_NICE)
    # Where the kernel shares the processor among sessions first, a process's own value counts for
    # nothing outside of its session.
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICE))


def lower(limit: int, value: int) -> None:
    """Set both limits to `value`, or leave a lower one as it is."""
    import resource

    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")


def _threads_of_user() -> int:
    """Threads that run as this user now: other runners, and all else that people started."""
    total = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if folder.stat().st_uid == os.getuid():
                    total += sum(1 for _ in (folder / "task").iterdir())
            except OSError:
                continue  # It ended while we looked.
    return total
