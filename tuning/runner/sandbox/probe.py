"""Tries, in a hardened process, what the isolation denies. What held is printed as JSON.

A claim about isolation is worth as much as the attempt to break it on this very machine.
"""

import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from . import namespaces, others, seccomp
from .hardening import allows_network, confine_to_dataset

_PR_GET_NO_NEW_PRIVS, _PR_GET_PDEATHSIG = 39, 2
# What is not there cannot be read: in namespaces nothing else is.
_DENIED = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ESRCH, errno.EROFS)
_CLONE_NEWUSER = 0x10000000


def tell(parent_pid: int, forbidden: Path) -> None:
    """Print {name: held} for each thing that is denied, and whether a runner `works` like this.
    `forbidden` is a file that exists outside. `parent_pid` is the supervisor's."""
    works = _works()
    promises = _own_promises(forbidden)
    # From here on as a template's code has it.
    confine_to_dataset(Path.cwd(), offline=not allows_network())
    attempts: dict[str, Callable[[], object]] = {
        "read_files": forbidden.read_bytes,
        "write_files": lambda: _write(forbidden.with_name(f".probe-{os.getpid()}")),
        "read_processes": Path(f"/proc/{parent_pid}/environ").read_bytes,
        "signal_processes": lambda: os.kill(parent_pid, 0),
        "change_processes": lambda: _reach(os.getppid()),
        "connect": _connect,
        "unix_sockets": lambda: socket.socket(socket.AF_UNIX).close(),
        "new_namespace": _new_namespace,
    }
    held = {name: _is_denied(attempt) for name, attempt in attempts.items()}
    print(json.dumps({"works": works, **promises, **held}))


def _works() -> bool:
    """Whether everything is there that work needs: packages, data, a place to write."""
    try:
        for variable in ("RUNNER_DATASETS", "RUNNER_DOWNLOADS"):
            for entry in Path(os.environ[variable]).iterdir():
                if entry.is_dir():
                    any(entry.iterdir())
        Path("written").write_text("")
        Path(os.environ["KERAS_HOME"]).mkdir()
        return find_spec("numpy") is not None and Path(sys.executable).exists()
    except OSError:
        return False


def _is_denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in _DENIED
    return False


def _reach(pid: int) -> None:
    """Raises OSError if every attempt on another process is denied."""
    if seccomp.is_available() and all(map(_is_denied, others.attempts(pid))):
        raise PermissionError(errno.EPERM, "every call is refused")


def _write(path: Path) -> None:
    path.write_bytes(b"")
    path.unlink()


def _connect() -> None:
    """To a port of this machine that nobody serves: refused by nobody unless by the kernel."""
    with socket.socket() as probing:
        probing.settimeout(2)
        probing.connect(("127.0.0.1", 1))


def _new_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def _own_promises(forbidden: Path) -> dict[str, bool]:
    libc = ctypes.CDLL(None, use_errno=True)
    death_signal = ctypes.c_int(0)
    if not hasattr(libc, "prctl"):
        return {"no_privileges": False, "dies_with_parent": False}
    libc.prctl(_PR_GET_PDEATHSIG, ctypes.byref(death_signal))
    status = Path("/proc/self/status").read_text()
    users = int(os.environ.get("RUNNER_USERS", "0"))
    return {
        "no_privileges": libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
        and "\nCapEff:\t0000000000000000\n" in status,
        "dies_with_parent": death_signal.value != 0,
        "own_view": namespaces.entered() and not forbidden.exists(),
        "own_user": 0 < users < os.getuid(),
    }
