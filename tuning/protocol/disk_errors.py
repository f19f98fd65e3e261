"""What to do about a file that could not be written or read, by the number of the error."""

import errno
import os

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


def reason_of(error: OSError) -> str:
    """In the kernel's words, without the path."""
    return os.strerror(error.errno) if error.errno else str(error)


def advice_for(error: OSError) -> str:
    """What an administrator can do, as a sentence."""
    return _ADVICE.get(error.errno or 0, _OTHERWISE)
