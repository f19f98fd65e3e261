"""Tries, in a hardened process, what the isolation denies. What held is printed as JSON.

A claim about isolation is worth as much as the attempt to break it on this very machine.
"""

import ctypes
import errno
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

_PR_GET_NO_NEW_PRIVS, _PR_GET_PDEATHSIG = 39, 2
_DENIED = (errno.EACCES, errno.EPERM)
_CLONE_NEWUSER = 0x10000000


def tell(parent_pid: int, forbidden: Path) -> None:
    """Print {name: held} for each thing that is denied. `forbidden` is a file that exists."""
    attempts: dict[str, Callable[[], object]] = {
        "read_files": forbidden.read_bytes,
        "write_files": lambda: _write(forbidden.with_name(f".probe-{os.getpid()}")),
        "read_processes": Path(f"/proc/{parent_pid}/environ").read_bytes,
        "signal_processes": lambda: os.kill(parent_pid, 0),
        "connect": _connect,
        "unix_sockets": lambda: socket.socket(socket.AF_UNIX).close(),
        "ip_sockets": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
        "namespaces": _new_namespace,
    }
    held = {name: _is_denied(attempt) for name, attempt in attempts.items()}
    print(json.dumps({**_own_promises(), **held}))


def _is_denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in _DENIED
    return False


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


def _own_promises() -> dict[str, bool]:
    libc = ctypes.CDLL(None, use_errno=True)
    death_signal = ctypes.c_int(0)
    if not hasattr(libc, "prctl"):
        return {"no_new_privileges": False, "dies_with_parent": False}
    libc.prctl(_PR_GET_PDEATHSIG, ctypes.byref(death_signal))
    return {
        "no_new_privileges": libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1,
        "dies_with_parent": death_signal.value != 0,
    }
