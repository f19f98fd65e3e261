"""Opening a zip that a stranger or a runner made: everything that its directory says is checked
before any of it is unpacked, and the directory is checked before it is read into memory."""

import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

MAX_ENTRIES = 100_000
MAX_RATIO = 200
# Below this much nobody is harmed, whatever the ratio: small files of one colour are common.
_HARMLESS_BYTES = 1 << 20
_MAX_NAME = 1_000
_CHUNK = 1 << 20

_END = struct.Struct("<4s4H2LH")
_END64_PLACE = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL_SIZE = 30
_CUT_OFF = "The zip archive is damaged or incomplete: its end is missing."
_DAMAGED = "The zip archive is damaged: its list of contents cannot be read."


class BadArchive(ValueError):
    """A zip that is not to be unpacked; the text is one sentence for people."""


def open_archive(path: Path, most_bytes: int) -> zipfile.ZipFile:
    """The archive, once all that can be known beforehand is known to be harmless. `most_bytes`
    is what its contents may take up unpacked. Raises BadArchive."""
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            raise BadArchive("The file is not a zip archive.")
        start = _check_directory(file)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        raise BadArchive(_DAMAGED) from error
    try:
        entries = archive.infolist()
        for entry in entries:
            _check_entry(entry)
        _check_places(entries, start)
        _check_sizes(entries, most_bytes)
    except BaseException:
        archive.close()
        raise
    return archive


def read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The contents of one entry, piece by piece; never more than was declared. Raises ValueError
    for a damaged one."""
    left = entry.file_size
    try:
        with archive.open(entry) as reader:
            while piece := reader.read(_CHUNK):
                left -= len(piece)
                if left < 0:
                    break
                yield piece
    except Exception as error:
        # zipfile and zlib raise half a dozen kinds, and struct.error besides.
        raise ValueError("it is damaged in the archive") from error
    if left:
        raise ValueError("its length differs from the archive's list of contents")


def _check_directory(file: BinaryIO) -> int:
    """Walk the central directory without keeping any of it. Returns where it begins."""
    size, start, declared = _find_directory(file)
    file.seek(start)
    count, left = 0, size
    while left > 0:
        header = file.read(_ENTRY.size)
        if len(header) < _ENTRY.size or header[:4] != b"PK\x01\x02":
            raise BadArchive(_DAMAGED)
        fields = _ENTRY.unpack(header)
        name, extra, comment = fields[12:15]
        count += 1
        if count > MAX_ENTRIES:
            raise BadArchive(f"The archive contains more than {MAX_ENTRIES:,} files.")
        if name > _MAX_NAME:
            raise BadArchive(f"The archive contains a file name of {name:,} bytes.")
        file.seek(name + extra + comment, os.SEEK_CUR)
        left -= _ENTRY.size + name + extra + comment
    if left < 0 or count != declared:
        raise BadArchive(_DAMAGED)
    return start


def _find_directory(file: BinaryIO) -> tuple[int, int, int]:
    """Size, start and number of entries of the central directory. The end record is looked for
    exactly as zipfile does it, so that both see the same one."""
    length = file.seek(0, os.SEEK_END)
    tail_size = min(length, _END.size + (1 << 16))
    file.seek(length - tail_size)
    tail = file.read(tail_size)
    place = tail_size - _END.size
    if place < 0:
        raise BadArchive("The zip archive is damaged or incomplete: its end is missing.")
    if not (tail[place : place + 4] == b"PK\x05\x06" and tail[-2:] == b"\0\0"):
        place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        raise BadArchive("The zip archive is damaged or incomplete: its end is missing.")
    _, disk, first_disk, _, count, size, start, _ = _END.unpack_from(tail, place)
    end = length - tail_size + place
    place64 = end - _END64_PLACE.size
    if place64 >= 0:
        file.seek(place64)
        mark, _, end64, _ = _END64_PLACE.unpack(file.read(_END64_PLACE.size))
        if mark == b"PK\x06\x07":
            end = place64 - _END64.size
            if end < 0 or end64 != end:
                raise BadArchive(_DAMAGED)
            file.seek(end)
            fields = _END64.unpack(file.read(_END64.size))
            if fields[0] != b"PK\x06\x06":
                raise BadArchive(_DAMAGED)
            disk, first_disk, _, count, size, start = fields[4:10]
    # Something before the archive would shift every place in it.
    if disk or first_disk or start + size != end:
        raise BadArchive(_DAMAGED)
    return size, start, count


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    if entry.flag_bits & 0x1:
        raise BadArchive(f"“{name}” in the archive is encrypted; remove the password.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise BadArchive(f"“{name}” is compressed by a method other than deflate.")
    parts = re.split(r"[/\\]", name)
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) or ".." in parts:
        raise BadArchive(f"“{name}” in the archive points outside its folder.")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise BadArchive(f"“{name}” in the archive is a link or a device, not a file.")


def _check_places(entries: list[zipfile.ZipInfo], directory: int) -> None:
    """Each entry has bytes of its own: shared ones are how a small file unpacks to petabytes."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise BadArchive(f"“{entry.filename}” overlaps another file in the archive.")
        # At least: a letter may take several bytes, and there may be extra fields.
        name = len(entry.orig_filename)
        end = entry.header_offset + _LOCAL_SIZE + name + entry.compress_size
    if end > directory:
        raise BadArchive(_DAMAGED)


def _check_sizes(entries: list[zipfile.ZipInfo], most_bytes: int) -> None:
    stored = sum(entry.compress_size for entry in entries)
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > most_bytes:
        raise BadArchive(
            f"The unpacked file needs {unpacked / 2**20:,.0f} MB, more than the limit of "
            f"{most_bytes / 2**20:,.0f} MB."
        )
    if unpacked > _HARMLESS_BYTES and unpacked > MAX_RATIO * stored:
        raise BadArchive(
            f"The file unpacks to {unpacked / max(stored, 1):,.0f} times its size, more than the "
            f"limit of {MAX_RATIO} times."
        )
    for entry in entries:
        if entry.compress_type == zipfile.ZIP_STORED and entry.compress_size != entry.file_size:
            raise BadArchive(f"“{entry.filename}” in the archive has two different sizes.")
