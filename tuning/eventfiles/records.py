"""The framing of event files (TFRecord): each record with its length, both with checksums."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

import google_crc32c

# Of one record. Scalars take a hundred bytes; images and graphs may lie between them.
MAX_BYTES = 64 * 1024 * 1024


def framed(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def read_records(file: BinaryIO) -> Iterator[bytes]:
    """The records up to the end, or up to where the file is cut off or damaged: a training that
    was killed leaves half a record."""
    while len(head := file.read(12)) == 12:
        length = head[:8]
        size: int = struct.unpack("<Q", length)[0]
        if head[8:] != _checksum(length) or size > MAX_BYTES:
            return
        data = file.read(size)
        if len(data) < size or file.read(4) != _checksum(data):
            return
        yield data


def _checksum(data: bytes) -> bytes:
    """CRC-32C, rotated and shifted as TFRecord has it."""
    crc = google_crc32c.value(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
