"""Opening a zip that a person uploaded."""

import zipfile
from pathlib import Path, PurePosixPath

from tuning.protocol import archives
from tuning.protocol.archives import BadArchive, read_entry
from tuning.runner.failures import BadData

__all__ = ["open_archive", "read_entry"]

_NESTED = {
    ".zip", ".npz", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z", ".rar",
    ".jar", ".cab", ".iso",
}  # fmt: skip


def open_archive(path: Path, most_bytes: int) -> zipfile.ZipFile:
    """The archive, once all that can be known beforehand is known to be harmless, and no other
    archive in it. `most_bytes` is what its contents may take up unpacked. Raises BadData."""
    try:
        archive = archives.open_archive(path, most_bytes)
    except BadArchive as error:
        raise BadData(str(error)) from error
    for entry in archive.infolist():
        if not entry.is_dir() and PurePosixPath(entry.filename).suffix.lower() in _NESTED:
            archive.close()
            raise BadData(f"“{entry.filename}” is a nested archive. Unpack it first.")
    return archive
