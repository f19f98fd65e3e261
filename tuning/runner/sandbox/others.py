"""Attempts on another process by every system call that takes one, for the probe to make on its
guardian. If one is let through, it does no harm there."""

import ctypes
import os
import resource
from collections.abc import Callable, Iterator
from functools import partial

from . import seccomp

_SEIZE = 0x4206
_IOPRIO_WHO_PROCESS = 1
_POLICY_BYTES = 48
_NOBODY = -1
_X32 = 0x40000000


def attempts(pid: int) -> Iterator[Callable[[], object]]:
    """Calls that raise OSError where they are refused."""
    policy = os.sched_getscheduler(pid)
    priority = os.sched_getparam(pid).sched_priority
    cores = sorted(os.sched_getaffinity(pid))
    mask = sum(1 << core for core in cores).to_bytes(max(cores) // 64 * 8 + 8, "little")
    parameter = priority.to_bytes(4, "little")
    attributes = ctypes.create_string_buffer(_POLICY_BYTES)
    attributes.raw = _POLICY_BYTES.to_bytes(4, "little").ljust(_POLICY_BYTES, b"\0")
    limits = ctypes.create_string_buffer(16)
    vector = ctypes.create_string_buffer(16)
    calls: dict[str, tuple[object, ...]] = {
        "ptrace": (_SEIZE, pid, 0, 0),
        "process_vm_readv": (pid, vector, 0, vector, 0, 0),
        "process_vm_writev": (pid, vector, 0, vector, 0, 0),
        "kcmp": (pid, pid, 1, 0, 0),
        "get_robust_list": (pid, vector, ctypes.byref(vector, 8)),
        "perf_event_open": (0, pid, -1, -1, 0),
        "pidfd_open": (pid, 0),
        # The kernel knows no such descriptor, unless the filter does not let it look.
        "pidfd_getfd": (_NOBODY, 0, 0),
        "pidfd_send_signal": (_NOBODY, 0, 0, 0),
        "process_madvise": (_NOBODY, 0, 0, 0, 0),
        "process_mrelease": (_NOBODY, 0),
        "prlimit64": (pid, resource.RLIMIT_CORE, 0, limits),
        "sched_setparam": (pid, parameter),
        "sched_setscheduler": (pid, policy, parameter),
        "sched_setaffinity": (pid, len(mask), mask),
        "sched_setattr": (pid, attributes, 0),
        "migrate_pages": (pid, 0, 0, 0),
        "move_pages": (pid, 0, 0, 0, 0, 0),
        "setpriority": (os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, pid)),
        "ioprio_set": (_IOPRIO_WHO_PROCESS, pid, 0),
    }
    for name in seccomp.calls_on_others():
        yield partial(_call, seccomp.number_of(name), *calls[name])
    # By another name of the same process: its group.
    yield partial(_call, seccomp.number_of("setpriority"), os.PRIO_PGRP, os.getpgid(pid), 0)
    # By the number that the same call has for programs of 32 bits on 64.
    yield partial(_call, seccomp.number_of("prlimit64") | _X32, *calls["prlimit64"])


def _call(number: int, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, *arguments) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
