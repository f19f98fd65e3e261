"""Level 2 of the isolation: a seccomp filter refuses system calls that training never needs.

Landlock leaves UDP, other kinds of sockets, tracing and namespaces open; this closes them. The
filter is classic BPF, as in the Linux manual's seccomp(2); threads and children inherit it.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
from dataclasses import dataclass

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_OFFSET_NUMBER, _OFFSET_MACHINE, _OFFSET_FIRST_ARGUMENT = 0, 4, 16
# CLONE_NEW*: user, mount, pid, network, ipc, uts, cgroup namespaces.
_NEW_NAMESPACES = 0x7E020000
_X32_CALLS = 0x40000000


@dataclass(frozen=True)
class _Machine:
    """A processor's name for the kernel and its numbers of system calls."""

    audit: int
    socket: int
    clone: int
    clone3: int
    seccomp: int
    refused: tuple[int, ...]


# ptrace, process_vm_readv/writev, mount, umount2, pivot_root, chroot, unshare, setns, bpf,
# perf_event_open, userfaultfd, io_uring_setup/enter/register, add_key, request_key, keyctl,
# init_module, finit_module, delete_module, kexec_load, open_by_handle_at, move_mount, fsopen,
# pidfd_getfd, reboot, swapon, swapoff, and shmget, semget, msgget, mq_open: what those make stays
# in memory when its maker has ended.
_MACHINES = {
    "x86_64": _Machine(
        audit=0xC000003E, socket=41, clone=56, clone3=435, seccomp=317,
        refused=(101, 310, 311, 165, 166, 155, 161, 272, 308, 321, 298, 323, 425, 426, 427, 248,
                 249, 250, 175, 313, 176, 246, 304, 429, 430, 438, 169, 167, 168, 29, 64, 68, 240),
    ),
    "aarch64": _Machine(
        audit=0xC00000B7, socket=198, clone=220, clone3=435, seccomp=277,
        refused=(117, 270, 271, 40, 39, 41, 51, 97, 268, 280, 241, 282, 425, 426, 427, 217, 218,
                 219, 105, 273, 106, 104, 265, 429, 430, 438, 142, 224, 225, 194, 190, 186, 180),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_available() -> bool:
    """Whether this kind of processor is known and the kernel filters system calls."""
    return platform.system() == "Linux" and platform.machine() in _MACHINES


def restrict(network: bool) -> None:
    """Install the filter in all threads. With `network`, sockets of IP stay possible (Landlock
    limits TCP's ports). Raises OSError if the kernel refuses; no_new_privs must be set."""
    machine = _MACHINES[platform.machine()]
    code = _filter(machine, network)
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _filter(machine: _Machine, network: bool) -> bytes:
    allowed_families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK) if network else ()
    lines = [
        _line(_LOAD, _OFFSET_MACHINE),
        # Another machine's calls (32 bit on 64) have other numbers: never let them through.
        _line(_JUMP_EQUAL, machine.audit, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _OFFSET_NUMBER),
        _line(_JUMP_GREATER_EQUAL, _X32_CALLS, 0, 1),
        _line(_RETURN, _REFUSE),
    ]
    for number in machine.refused:
        lines += [_line(_JUMP_EQUAL, number, 0, 1), _line(_RETURN, _REFUSE)]
    # Its flags lie in memory, which a filter cannot read; the C library falls back to clone.
    lines += [_line(_JUMP_EQUAL, machine.clone3, 0, 1), _line(_RETURN, _UNKNOWN)]
    lines += [
        _line(_JUMP_EQUAL, machine.clone, 0, 4),
        _line(_LOAD, _OFFSET_FIRST_ARGUMENT),
        _line(_JUMP_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _line(_RETURN, _REFUSE),
        _line(_RETURN, _ALLOW),
    ]
    families = [_line(_LOAD, _OFFSET_FIRST_ARGUMENT)]
    for family in allowed_families:
        families += [_line(_JUMP_EQUAL, int(family), 0, 1), _line(_RETURN, _ALLOW)]
    families.append(_line(_RETURN, _REFUSE))
    lines += [_line(_JUMP_EQUAL, machine.socket, 0, len(families)), *families]
    lines.append(_line(_RETURN, _ALLOW))
    return b"".join(lines)


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
