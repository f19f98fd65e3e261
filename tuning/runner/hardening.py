"""Level 0 of the isolation: what a process can promise about itself, before it loads anything.

Everything here is inherited by child processes and cannot be taken back by the template's code.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 4096


def harden(parent_pid: int) -> None:
    """Tie this process to its parent and limit what it can do. Exits if the parent is gone."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the line above took effect: then no signal ever comes.
        if os.getppid() != parent_pid:
            os._exit(1)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _set_limits()
    # The log's last lines must be there after a kill -9.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"prctl({option}): {os.strerror(code)}")


def _set_limits() -> None:
    try:
        import resource
    except ImportError:
        return  # Not a POSIX system.
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_NOFILE, _OPEN_FILES)
    megabytes = int(os.environ.get("RUNNER_FILE_SIZE_MB", "0"))
    if megabytes:
        _lower(resource.RLIMIT_FSIZE, megabytes * 1024 * 1024)


def _lower(limit: int, value: int) -> None:
    """Set both limits to `value`, or leave a lower one as it is."""
    import resource

    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))
