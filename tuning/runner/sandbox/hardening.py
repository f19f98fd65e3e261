"""What a runner gives up before its first order: no way back, for it and for all its children.

Level 0: it dies with its supervisor, and so does all that it starts; it has no privileges, and
limits. Level 1 (Landlock, and a filter of system calls): it sees few files, and reaches few ports
and no other processes. Level 2 (seccomp): system calls and sockets that training never needs are
refused. Level 3: namespaces of
its own. Level 4: a user of its own. `probe.py` tries whether all this holds.

- 0: own session and folder, lower priority than worker and site, environment from an
  allow-list, no privileges (root's neither), limits; all that it starts ends with it and with its
  worker — a guardian, parent-death signal, capabilities, rlimits, the supervisor's look twice
  a second
- 1: sees Python, its dataset (read only), the downloads (read only) and its own folder;
  reads, signals and changes no other process (limits, priorities, processors, memory); no
  connections, or with `RUNNER_NETWORK=1` to web ports only — Landlock; seccomp for calls on
  other processes
- 2: no local sockets, tracing, namespaces, io_uring, BPF, System V memory; no IP sockets
  without `RUNNER_NETWORK=1` — seccomp
- 3: other files, other processes and the machine's shared memory do not exist for it;
  `/dev/shm` is its own, 1 GiB — mount, process and IPC namespaces; by way of a user namespace
  where the worker is not root
- 4: each runner is a user of its own, without an account or groups — `setresuid`; a
  worker that is root
"""

import errno
import os
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tuning.runner.sandbox import landlock, namespaces, seccomp

from .guardian import stay_behind
from .privileges import (
    count_as_another_user,
    die_with_parent,
    drop_privileges,
    set_limits,
    switch_user,
    yield_to_others,
)

_ROOT = Path(__file__).resolve().parents[3]
# What Python, TensorFlow and the resolver of host names read outside their own folders.
# Of Tuneroom itself: what runners import, and nothing that knows the database.
_OWN = (
    "__init__.py", "eventfiles", "figures.py", "hypermodels", "optunafiles", "protocol", "runner",
    "spaces", "splits", "strategies", "texts.py",
)  # fmt: skip
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/bin", "/sys", "/etc/ssl", "/etc/pki")
_SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/localtime", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
    "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/passwd",
    "/etc/group", "/etc/ca-certificates.conf", "/etc/mime.types", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/filesystems", "/proc/version",
    "/proc/sys", "/proc/driver",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_WEB_PORTS = (80, 443)
_NOWHERE = "http://127.0.0.1:9"


def harden(parent_pid: int, level: int) -> None:
    """Tie this process to its parent and limit what it can do; go on in a child of it, behind a
    guardian. Exits if the parent is gone.

    `level` is how far to go. What the kernel lacks of levels 1 and 2 is left out, and the probe
    tells. Levels 3 and 4 raise OSError where they are refused: ask for what the probe reached.
    """
    die_with_parent(parent_pid, signal.SIGTERM)
    # The guardian's: nobody else on this machine has it.
    number = os.getpid()
    if level >= 3:
        namespaces.enter(_readable(), _writable())
    elif sys.platform == "linux":
        stay_behind()
    if level >= 4:
        _become_another_user(number)
    counted = level < 4 and count_as_another_user(_users() + number if _users() else 0)
    # Root's processes are never counted; in a user namespace, and as another user, only our own.
    set_limits(alone=level >= 3 or counted)
    yield_to_others()
    drop_privileges()
    if level >= 1 and landlock.abi():
        landlock.restrict(_readable(), _writable(), _web_ports())
    if level >= 1 and seccomp.is_available():
        seccomp.keep_off_others()
    if level >= 2 and seccomp.is_available():
        seccomp.restrict(network=True)
    # The log's last lines must be there after a kill -9.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]


def _become_another_user(number: int) -> None:
    """One without an account that no other process has; all runners share the group, which may
    read the prepared datasets. Raises OSError."""
    base = _users()
    if not base:
        raise PermissionError(errno.EPERM, "RUNNER_USERS is 0")
    os.chown(".", base + number, base)
    switch_user(base + number, base)
    die_with_parent(os.getppid())


def _users() -> int:
    return int(os.environ.get("RUNNER_USERS", "0"))


def confine_to_dataset(folder: Path, offline: bool) -> None:
    """Before the template's code: of the prepared datasets, only its own stays in sight.

    `offline` takes the network away as well: all of it by seccomp, TCP by Landlock, and on every
    kernel what downloads through urllib (Keras does).
    """
    level = int(os.environ.get("RUNNER_LEVEL", "0"))
    if offline:
        # Nobody serves this port, so a download fails at once, without asking for a host name.
        os.environ.update(http_proxy=_NOWHERE, https_proxy=_NOWHERE)
    if level >= 1 and landlock.abi():
        others = (path for path in _readable() if path != _datasets())
        landlock.restrict([*others, folder], _writable(), ports=() if offline else None)
    if offline and level >= 2 and seccomp.is_available():
        seccomp.restrict(network=False)


def allows_network() -> bool:
    """Whether a template's code may reach the web (RUNNER_NETWORK)."""
    return os.environ.get("RUNNER_NETWORK", "0") == "1"


def _readable() -> list[Path]:
    """Python with its packages, our own code as far as it runs here, the prepared datasets and
    what was downloaded."""
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    own = (_ROOT / "tuning" / name for name in _OWN)
    system = map(Path, (*_SYSTEM_FOLDERS, *_SYSTEM_FILES))
    shared = filter(None, [_datasets(), _folder("RUNNER_DOWNLOADS")])
    return [*map(Path, sorted(python)), *own, *system, *shared]


def _writable() -> list[Path]:
    """The private working folder and devices that hold nothing. Shared memory only where it is the
    runner's own: what lies in the machine's stays there."""
    gpus = Path("/dev").glob("nvidia*")
    own = [namespaces.SHARED_MEMORY] if namespaces.entered() else []
    return [Path.cwd(), *map(Path, _DEVICES), *gpus, *own]


def _web_ports() -> set[int]:
    port = urlsplit(os.environ.get("RUNNER_WEIGHTS_URL", "")).port
    return {*_WEB_PORTS, *([port] if port else [])}


def _datasets() -> Path | None:
    return _folder("RUNNER_DATASETS")


def _folder(variable: str) -> Path | None:
    folder = os.environ.get(variable, "")
    return Path(folder) if folder else None
