"""What a runner gives up before it loads anything: no way back, for it and for all its children.

Level 0: it dies with its parent, gains no privileges, and has limits. Level 1 (Landlock): it sees
few files, and reaches few ports and no other processes. Level 2 (seccomp): system calls and sockets
that training never needs are refused. `probe.py` tries whether all this holds.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from tuning.runner import landlock, seccomp

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38

_OPEN_FILES = 4096
_ROOT = Path(__file__).resolve().parents[2]
# What Python, TensorFlow and the resolver of host names read outside their own folders.
_SYSTEM_FOLDERS = ("/usr", "/lib", "/lib64", "/bin", "/sys", "/etc/ssl", "/etc/pki")
_SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/localtime", "/etc/resolv.conf", "/etc/hosts", "/etc/host.conf",
    "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols", "/etc/passwd",
    "/etc/group", "/etc/ca-certificates.conf", "/etc/mime.types", "/proc/self", "/proc/cpuinfo",
    "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/filesystems", "/proc/version",
    "/proc/sys", "/proc/driver",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm")  # noqa: S108
_WEB_PORTS = (80, 443)
_NOWHERE = "http://127.0.0.1:9"


def harden(parent_pid: int, level: int) -> None:
    """Tie this process to its parent and limit what it can do. Exits if the parent is gone.

    `level` is how far to go at most; where the kernel lacks something, the rest is done all the
    same, and the probe tells.
    """
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the line above took effect: then no signal ever comes.
        if os.getppid() != parent_pid:
            os._exit(1)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _set_limits()
    network = os.environ.get("RUNNER_NETWORK", "0") == "1"
    if level >= 1 and landlock.abi():
        landlock.restrict(_readable(), _writable(), _WEB_PORTS if network else ())
    if level >= 2 and seccomp.is_available():
        seccomp.restrict(network)
    # The log's last lines must be there after a kill -9.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]


def confine_to_dataset(folder: Path, offline: bool) -> None:
    """Before the template's code: of the prepared datasets, only its own stays in sight.

    `offline` takes the network away as well, on every kernel from what downloads through urllib
    (Keras does), where Landlock is from everything that uses TCP.
    """
    if offline:
        # Nobody serves this port, so a download fails at once, without asking for a host name.
        os.environ.update(http_proxy=_NOWHERE, https_proxy=_NOWHERE)
    if int(os.environ.get("RUNNER_LEVEL", "0")) >= 1 and landlock.abi():
        others = (path for path in _readable() if path != _datasets())
        landlock.restrict([*others, folder], _writable(), ports=() if offline else None)


def _readable() -> list[Path]:
    """Python with its packages, our own code as far as it runs here, and the prepared datasets."""
    python = {sys.prefix, sys.base_prefix, sys.exec_prefix}
    own = (_ROOT / "tuning" / name for name in ("__init__.py", "protocol", "runner", "splits"))
    system = map(Path, (*_SYSTEM_FOLDERS, *_SYSTEM_FILES))
    return [*map(Path, sorted(python)), *own, *system, *filter(None, [_datasets()])]


def _writable() -> list[Path]:
    """The private working folder, the cache of downloads, and devices that hold nothing."""
    downloads = os.environ.get("KERAS_HOME", "")
    gpus = Path("/dev").glob("nvidia*")
    folders = [Path.cwd(), *([Path(downloads)] if downloads else [])]
    return [*folders, *map(Path, _DEVICES), *gpus]


def _datasets() -> Path | None:
    folder = os.environ.get("RUNNER_DATASETS", "")
    return Path(folder) if folder else None


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
