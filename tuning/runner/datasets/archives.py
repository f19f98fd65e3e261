"""Opening a zip that a person uploaded."""

import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath

from tuning.protocol import archives
from tuning.protocol.archives import BadArchive, read_entry
from tuning.protocol.uploads import ARRAYS, IMAGES, TABLES, TEXT_TABLE, Upload, kind_of
from tuning.runner.failures import BadData

__all__ = ["is_table", "kind_of_contents", "open_archive", "read_entry"]

# Endings of images.
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp"})
# Texts about data.
_NOTES = frozenset({"readme", "read_me", "license", "licence", "copying", "notes", "changelog"})
# With fewer images there are no two classes of two each.
_MIN_IMAGES = 4

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


def kind_of_contents(path: Path, upload: Upload) -> str:
    """The kind of upload; of a zip, which may hold images, arrays or tables, by the names in it.
    Tables beside images say what these are. Raises BadData."""
    if upload.kind != IMAGES:
        return upload.kind
    with open_archive(path, upload.most_bytes) as archive:
        counts = Counter(_kind(entry.filename) for entry in archive.infolist())
    alone = counts[ARRAYS] == 1 and counts[TEXT_TABLE]
    if counts[ARRAYS] > counts[IMAGES] and not alone:
        return ARRAYS
    return TEXT_TABLE if counts[TEXT_TABLE] and counts[IMAGES] < _MIN_IMAGES else IMAGES


def is_table(name: str) -> bool:
    """Whether an entry of a zip is a table: by its name, which says so of a README.txt as well."""
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = "__MACOSX" in path.parts or path.name.startswith(".")
    return not hidden and path.stem.lower() not in _NOTES and kind_of(name) in TABLES


def _kind(name: str) -> str:
    if is_table(name):
        return TEXT_TABLE
    suffix = PurePosixPath(name).suffix.lower()
    if name.startswith("__MACOSX"):
        return ""
    return {".npy": ARRAYS}.get(suffix, IMAGES if suffix in PICTURES else "")
