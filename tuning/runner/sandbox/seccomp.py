"""System calls that a filter of the kernel refuses. At level 1: those that change or look into
another process, which Landlock leaves open. At level 2: all that training never needs, such as UDP,
other kinds of sockets, tracing and namespaces.

The filter is classic BPF, as in the Linux manual's seccomp(2); threads and children inherit it.

Calls on other processes (`seccomp.py`). A filter sees the number of a call and its arguments.
What works on another process only is refused (tracing, reading memory, descriptors of processes);
what takes a process by number (`prlimit64`, `sched_setaffinity`, `setpriority`...) is allowed for
0 and for the runner's own number. Numbers of threads are refused, since a filter cannot tell
whose they are: OpenMP's `OMP_PROC_BIND` then binds nothing, and TensorFlow, scikit-learn and
joblib never ask. Calls by the numbers of 32 bit or x32 programs are refused too. `others.py`
tries each of them on the runner's guardian.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Iterable

_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
# An argument has 8 bytes, its lower half first: all that the kernel takes of a process's number.
_OFFSET_NUMBER, _OFFSET_MACHINE, _OFFSET_ARGUMENTS = 0, 4, (16, 24)
# CLONE_NEW*: user, mount, pid, network, ipc, uts, cgroup namespaces.
_NEW_NAMESPACES = 0x7E020000
_X32_CALLS = 0x40000000


# The numbers of system calls on x86_64 and on aarch64, by what is done with them. Those that work
# on another process:
_ON_OTHERS = {
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "get_robust_list": (274, 100), "perf_event_open": (298, 241),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "process_madvise": (440, 440), "process_mrelease": (448, 448),
}  # fmt: skip
# whose first argument is a process, 0 being the caller:
_ON_FIRST = {
    "prlimit64": (302, 261), "sched_setparam": (142, 118), "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122), "sched_setattr": (314, 274), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
}  # fmt: skip
# whose first argument says of what kind the second one is (process, group, user):
_ON_SECOND = {"setpriority": (141, 140), "ioprio_set": (251, 30)}
_PROCESS = {"setpriority": 0, "ioprio_set": 1}
# and those that training never needs. System V memory, semaphores and messages, and POSIX's, stay
# when their maker has ended, and those of others can be opened by number.
_NEEDLESS = {
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "unshare": (272, 97), "setns": (308, 268), "bpf": (321, 280), "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "open_by_handle_at": (304, 265), "move_mount": (429, 429),
    "fsopen": (430, 430), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "mq_open": (240, 180),
    # The kernel counts processes by their user, and root's not at all.
    "setuid": (105, 146), "setreuid": (113, 145), "setresuid": (117, 147),
}  # fmt: skip
_SINGLE = {"socket": (41, 198), "clone": (56, 220), "clone3": (435, 435), "seccomp": (317, 277)}
_CALLS = {**_ON_OTHERS, **_ON_FIRST, **_ON_SECOND, **_NEEDLESS, **_SINGLE}
# A processor's name for the kernel, and its column in these tables.
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def is_available() -> bool:
    """Whether this kind of processor is known and the kernel filters system calls."""
    return platform.system() == "Linux" and platform.machine() in _MACHINES


def number_of(call: str) -> int:
    """The number of a system call on this machine."""
    return _CALLS[call][_MACHINES[platform.machine()][1]]


def calls_on_others() -> list[str]:
    """The system calls that `keep_off_others` keeps from other processes."""
    return [*_ON_OTHERS, *_ON_FIRST, *_ON_SECOND]


def keep_off_others() -> None:
    """Level 1: no system call changes another process or looks into it. Installed in all threads.
    Raises OSError if the kernel refuses; no_new_privs must be set."""
    rules = _refused(_ON_OTHERS)
    for call in _ON_FIRST:
        rules += _when(call, _only_itself(0))
    for call, process in _PROCESS.items():
        kind = [_line(_LOAD, _OFFSET_ARGUMENTS[0]), _line(_JUMP_EQUAL, process, 1, 0)]
        rules += _when(call, [*kind, _line(_RETURN, _REFUSE), *_only_itself(1)])
    _install(rules)


def restrict(network: bool) -> None:
    """Level 2, for all threads. With `network`, sockets of IP stay possible (Landlock limits TCP's
    ports). Raises OSError if the kernel refuses; no_new_privs must be set."""
    _install([*_refused(_NEEDLESS), *_new_namespaces(), *_sockets(network)])


def _install(rules: list[bytes]) -> None:
    """One filter more: a call has to pass all of them."""
    code = b"".join(
        [
            _line(_LOAD, _OFFSET_MACHINE),
            # Another machine's calls (32 bit on 64) have other numbers: never let them through.
            _line(_JUMP_EQUAL, _MACHINES[platform.machine()][0], 1, 0),
            _line(_RETURN, _KILL),
            _line(_LOAD, _OFFSET_NUMBER),
            _line(_JUMP_GREATER_EQUAL, _X32_CALLS, 0, 1),
            _line(_RETURN, _REFUSE),
            *rules,
            _line(_RETURN, _ALLOW),
        ]
    )
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    call = number_of("seccomp")
    if libc.syscall(call, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


# Rules begin and end with the call's number loaded, unless they decide.


def _refused(calls: Iterable[str]) -> list[bytes]:
    return [line for call in calls for line in _when(call, [_line(_RETURN, _REFUSE)])]


def _only_itself(argument: int) -> list[bytes]:
    """Allowed if this argument is 0 or the number of this process, which children inherit. Numbers
    of threads are not: no filter knows whose they are."""
    return [
        _line(_LOAD, _OFFSET_ARGUMENTS[argument]),
        _line(_JUMP_EQUAL, 0, 2, 0),
        _line(_JUMP_EQUAL, os.getpid(), 1, 0),
        _line(_RETURN, _REFUSE),
        _line(_RETURN, _ALLOW),
    ]


def _new_namespaces() -> list[bytes]:
    flags = [
        _line(_LOAD, _OFFSET_ARGUMENTS[0]),
        _line(_JUMP_ANY_BIT, _NEW_NAMESPACES, 0, 1),
        _line(_RETURN, _REFUSE),
        _line(_RETURN, _ALLOW),
    ]
    # clone3's flags lie in memory, which a filter cannot read; the C library falls back to clone.
    return [*_when("clone3", [_line(_RETURN, _UNKNOWN)]), *_when("clone", flags)]


def _sockets(network: bool) -> list[bytes]:
    families = (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK) if network else ()
    rules = [_line(_LOAD, _OFFSET_ARGUMENTS[0])]
    for family in families:
        rules += [_line(_JUMP_EQUAL, int(family), 0, 1), _line(_RETURN, _ALLOW)]
    return _when("socket", [*rules, _line(_RETURN, _REFUSE)])


def _when(call: str, rules: list[bytes]) -> list[bytes]:
    """Rules for one system call, which decide."""
    return [_line(_JUMP_EQUAL, number_of(call), 0, len(rules)), *rules]


def _line(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
