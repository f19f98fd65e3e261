"""Uploads in parts: beginning one, adding a part, discarding it."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, BinaryIO, Protocol

from django.utils import timezone

from tuning.models import PartialUpload
from tuning.protocol.names import one_line

# Small enough that little is sent again after a lost connection.
PART_SIZE = 4 << 20
# Of one person at a time.
MAX_OPEN = 20
TOO_MANY = f"You have {MAX_OPEN} unfinished uploads. Continue or discard one first."
_PIECE = 1 << 16


class BadPart(Exception):
    """A part that does not belong to its upload, with a sentence for people."""


class Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...


def begin_upload(user: Any, name: str, size: int) -> PartialUpload | None:
    """None if the person has too many unfinished ones."""
    if PartialUpload.objects.visible_to(user).kept().count() >= MAX_OPEN:
        return None
    upload = PartialUpload(owner=user, name=one_line(name), size=size, part_size=PART_SIZE)
    upload.folder.mkdir(mode=0o700)
    upload.save()
    return upload


def add_part(upload: PartialUpload, part: int, reader: Reader, digest: str = "") -> str:
    """Write a part to its place and return its SHA-256. A part may come in any order, and again.
    Raises BadPart if its size is not the expected one, or its SHA-256 not `digest`."""
    if not 0 <= part < upload.parts:
        raise BadPart(f"The upload has {upload.parts:,} parts: there is no part {part:,}.")
    with _alone(upload, part):
        known = upload.arrived.get(part, "")
        if known and known == digest:
            return known
        # What has arrived stays as it is: a second copy is only compared.
        with _place(upload, part) if not known else nullcontext() as place:
            counted = _take(reader, upload.size_of(part), place)
        if (digest and counted != digest) or (known and counted != known):
            raise BadPart("The data changed on the way. Send this part again.")
        (upload.folder / f"{part:06}.{counted}.arrived").touch(mode=0o600)
    PartialUpload.objects.filter(pk=upload.pk).update(used_at=timezone.now())
    return counted


def discard_upload(upload: PartialUpload) -> None:
    """Remove it with what has arrived, or after its file was taken over."""
    PartialUpload.objects.filter(pk=upload.pk).delete()
    shutil.rmtree(upload.folder, ignore_errors=True)


def _place(upload: PartialUpload, part: int) -> BinaryIO:
    """The file, at the place of this part."""
    descriptor = os.open(upload.file, os.O_WRONLY | os.O_CREAT, 0o600)
    file = os.fdopen(descriptor, "wb")
    file.seek(part * upload.part_size)
    return file


def _take(reader: Reader, size: int, place: BinaryIO | None) -> str:
    """The SHA-256 of the bytes, which are written to `place` if there is one. Raises BadPart
    unless there are just so many."""
    digest, left = hashlib.sha256(), size
    while piece := reader.read(min(_PIECE, left + 1)):
        left -= len(piece)
        if left < 0:
            break
        digest.update(piece)
        if place:
            place.write(piece)
    if left:
        raise BadPart(f"A part has the wrong size: {size:,} bytes were expected.")
    if place:
        # On the disk before anything says that it has arrived.
        place.flush()
        os.fdatasync(place.fileno())
    return digest.hexdigest()


@contextmanager
def _alone(upload: PartialUpload, part: int) -> Iterator[None]:
    """Two requests with the same part take turns."""
    try:
        lock = os.open(upload.folder / f"{part:06}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:
        raise BadPart("This upload was removed. Select the file again.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
