"""Level 1 of the isolation: the kernel's Landlock denies files, ports and signals.

A process restricts itself and all its future threads and children; nothing can take it back. Bound
by the Linux manual's landlock(7); needs Linux 5.13, better 6.12 (ABI 6), and no privileges.
"""

import ctypes
import os
import platform
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH, _RULE_PORT = 1, 2

# Access rights to files, in the order of their bits.
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | 1 << 15
# How many rights each ABI knows: 13 at first, then refer (2), truncate (3), ioctl (5).
_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15}
_MAX_RIGHTS = 16

_CONNECT_TCP, _BIND_TCP = 1 << 1, 1 << 0
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathRule(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


class _PortRule(ctypes.Structure):
    _fields_ = (("allowed_access", ctypes.c_uint64), ("port", ctypes.c_uint64))


def abi() -> int:
    """The version of Landlock in this kernel; 0 where there is none."""
    if platform.system() != "Linux":
        return 0
    return max(0, _libc().syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG))


def restrict(
    readable: Iterable[Path], writable: Iterable[Path], ports: Iterable[int] | None
) -> None:
    """Deny this process everything but these paths (and what is below them), connections to TCP
    ports other than `ports` (None: no change for ports) and signals to processes outside.

    Paths that do not exist are left out. Raises OSError if the kernel refuses; needs abi() > 0.
    """
    version = abi()
    files = (1 << _RIGHTS_BY_ABI.get(version, _MAX_RIGHTS)) - 1
    network = _CONNECT_TCP | _BIND_TCP if ports is not None and version >= 4 else 0
    scoped = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS if version >= 6 else 0
    attributes = _Ruleset(files, network, scoped)
    ruleset = _call(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(_size(version)), 0)
    try:
        for path in readable:
            _allow_path(ruleset, path, _READ & files)
        for path in writable:
            _allow_path(ruleset, path, files)
        for port in ports or () if network else ():
            rule = _PortRule(_CONNECT_TCP, port)
            _call(_ADD_RULE, ruleset, _RULE_PORT, ctypes.byref(rule), 0)
        _call(_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _size(version: int) -> int:
    """Bytes of the attributes that this ABI knows."""
    if version >= 6:
        return 24
    return 16 if version >= 4 else 8


def _allow_path(ruleset: int, path: Path, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            rights &= _FILE_RIGHTS
        rule = _PathRule(rights, descriptor)
        _call(_ADD_RULE, ruleset, _RULE_PATH, ctypes.byref(rule), 0)
    finally:
        os.close(descriptor)


def _call(*arguments: object) -> int:
    result: int = _libc().syscall(*arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"Landlock: {os.strerror(code)}")
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
