"""The first filter of system calls keeps a process off all others, and lets it change itself."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tuning.runner.sandbox import others, seccomp

FILTERED = """
import errno, json, os, resource, subprocess, sys, threading
from tuning.runner.sandbox import others, privileges, seccomp

privileges.drop_privileges()
seccomp.keep_off_others()

def code(attempt):
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno]
    return ""

cores, limits = os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_CORE)
own = {
    "affinity": lambda: os.sched_setaffinity(0, cores),
    "affinity by number": lambda: os.sched_setaffinity(os.getpid(), cores),
    "limits": lambda: resource.setrlimit(resource.RLIMIT_CORE, limits),
    "limits by number": lambda: resource.prlimit(os.getpid(), resource.RLIMIT_CORE, limits),
    "niceness": lambda: os.nice(0),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, os.getpid(), 19),
    "policy": lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)),
    "a child": lambda: subprocess.run(["true"], preexec_fn=lambda: os.nice(1), check=True),
}
print(json.dumps({
    "others": [code(attempt) for attempt in others.attempts(int(sys.argv[1]))],
    "own": {name: code(attempt) for name, attempt in own.items()},
}))
"""

pytestmark = pytest.mark.skipif(
    not seccomp.is_available(), reason="this kernel or processor has no filter of system calls"
)


@pytest.fixture
def neighbour() -> Iterator[int]:
    """Another process of the same user."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as process:
        yield process.pid
        process.kill()


def test_a_filtered_process_changes_only_itself(neighbour: int) -> None:
    result = subprocess.run(
        [sys.executable, "-c", FILTERED, str(neighbour)], capture_output=True, check=True
    )
    told = json.loads(result.stdout)
    assert set(told["others"]) == {"EPERM"}
    assert set(told["own"].values()) == {""}


def test_the_attempts_are_those_that_would_go_through(neighbour: int) -> None:
    """Refused for another reason, they would prove nothing."""
    attempts = dict(zip(seccomp.calls_on_others(), others.attempts(neighbour), strict=False))
    for call in ("pidfd_open", "prlimit64", "sched_setparam", "sched_setscheduler",
                 "sched_setaffinity", "sched_setattr", "move_pages", "setpriority",
                 "ioprio_set"):  # fmt: skip
        attempts[call]()


def test_every_call_has_a_number_of_its_own() -> None:
    for column in (0, 1):
        numbers = [numbers[column] for numbers in seccomp._CALLS.values()]
        assert len(set(numbers)) == len(numbers)
