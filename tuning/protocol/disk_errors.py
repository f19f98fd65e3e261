"""What to do about a file that could not be written or read, by the number of the error."""

import errno
import os
import tempfile
from pathlib import Path

_ADVICE = {
    errno.ENOSPC: "Free disk space.",
    errno.EDQUOT: "Free disk space, or raise the quota of this account.",
    errno.EROFS: "It is mounted read-only. Check the disk, then mount it for writing.",
    errno.EACCES: "Change its owner or its permissions.",
    errno.EPERM: "Change its owner or its permissions.",
    errno.ENOENT: "It is missing. Mount it, or run: make setup",
    errno.EMFILE: "Raise the limit of open files.",
    errno.ESTALE: "Mount the network file system again.",
    errno.EIO: "Check the disk: the kernel's log says more.",
}
_OTHERWISE = "Check the disk or the network file system."


def is_of_storage(error: BaseException) -> bool:
    """Whether this is the storage's fault, and not that of what was written."""
    return isinstance(error, OSError) and error.errno in _ADVICE


def write_probe(root: Path, sync: bool = False) -> None:
    """Write a small file and remove it: permissions alone do not say it. Raises OSError."""
    with tempfile.NamedTemporaryFile(dir=root, prefix=".probe-") as file:
        file.write(b"x" * 4096)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def reason_of(error: OSError) -> str:
    """In the kernel's words, without the path."""
    return os.strerror(error.errno) if error.errno else str(error)


def advice_for(error: OSError) -> str:
    """What an administrator can do, as a sentence."""
    return _ADVICE.get(error.errno or 0, _OTHERWISE)
