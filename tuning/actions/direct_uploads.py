"""Uploads that a browser sends straight to the store, in parts, with an address that the site has
signed for each. A part that cannot get there comes through the site. Once all are there, the site
has the store put them together and reads them once, in a thread: each part must have the hash that
the browser had counted, and the hash of all of them is the content's.

Whatever breaks off is gone on with by the next request, and collected if there is none
(`supervisor/references.py`).
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Thread
from typing import Any

from django.db import close_old_connections
from django.db.models import Q
from django.utils import timezone

from tuning.models import PartialUpload
from tuning.storage.bucket import MAX_PARTS
from tuning.storage.configured import direct_store
from tuning.storage.contract import Heartbeat, Missing, StorageError, ToldWhenAway, is_hash
from tuning.storage.incoming import Incoming
from tuning.storage.s3 import S3Store
from tuning.storage.transfers import resumed

from . import partial_uploads
from .partial_uploads import BadPart, Reader

logger = logging.getLogger(__name__)

# No server takes less than 5 MB, except at the end.
PART_SIZE = 8 << 20
# Whoever reads a file says so every few seconds, so that nobody else does.
_CLAIM, _CLAIM_AGAIN = timedelta(seconds=60), 10.0
# Until the store is asked again after it has refused something; and how many seconds it may be away
# before the person who waits is told.
_PAUSE, _SILENCE = timedelta(seconds=30), 10.0
# Is in an upload's folder while the store does not accept it.
_TROUBLE = "trouble"


def begin_upload(user: Any, name: str, size: int) -> PartialUpload | None:
    """As `partial_uploads.begin_upload`. The parts come through the site if the store is away."""
    upload = partial_uploads.begin_upload(user, name, size)
    of = direct_store()
    if upload and of:
        with suppress(StorageError):
            upload.multipart_id = of.incoming(upload.key).begin()
            upload.part_size = max(PART_SIZE, -(-size // MAX_PARTS))
            upload.save(update_fields=["multipart_id", "part_size"])
    return upload


def sign_part(upload: PartialUpload, part: int, digest: str) -> str:
    """Where the browser sends a part that has this SHA-256. Raises BadPart."""
    _check(upload, part)
    if not is_hash(digest):
        raise BadPart("The part's SHA-256 is missing.")
    _note(upload, part, digest)
    return _incoming(upload).address(part, upload.size_of(part))


def relay_part(upload: PartialUpload, part: int, reader: Reader, digest: str = "") -> str:
    """As `partial_uploads.add_part`, into the store."""
    _check(upload, part)
    size = upload.size_of(part)
    content = reader.read(size + 1)
    if len(content) != size:
        raise BadPart(f"A part has the wrong size: {size:,} bytes were expected.")
    counted = hashlib.sha256(content).hexdigest()
    if digest and counted != digest:
        raise BadPart("The data changed on the way. Send this part again.")
    _incoming(upload).put(part, content)
    _note(upload, part, counted)
    return counted


def arrived_parts(upload: PartialUpload) -> dict[int, str]:
    """Those that the store has, with the SHA-256 that they should have. Raises Missing."""
    if upload.sha256:
        return upload.arrived
    incoming = _incoming(upload)
    try:
        sizes = incoming.sizes()
    except Missing:
        incoming.must_be_whole()
        return upload.arrived
    known = upload.arrived.items()
    return {part: digest for part, digest in known if sizes.get(part) == upload.size_of(part)}


def finish_upload(upload: PartialUpload) -> bool:
    """Whether all of it is content of the store; else that goes on, and is to be asked again.
    Raises BadPart if it cannot be, Missing."""
    if upload.damage:
        partial_uploads.discard_upload(upload)
        raise BadPart(upload.damage)
    if upload.sha256:
        return True
    if upload.read_until is None and not _complete(upload):
        return False
    if _claim(upload):
        _in_background(_read, upload)
    return False


def _complete(upload: PartialUpload) -> bool:
    """Whether the store has put the parts together."""
    if _was_refused_lately(upload):
        return False
    with _trouble_noted(upload):
        if len(arrived_parts(upload)) < upload.parts:
            raise BadPart("The upload is not complete. Select the file again.")
        _incoming(upload).complete()
        _forget_trouble(upload)
        return True
    return False


def has_trouble(upload: PartialUpload) -> bool:
    """Whether the store did not accept the file when it was last asked to."""
    return (upload.folder / _TROUBLE).exists()


def _was_refused_lately(upload: PartialUpload) -> bool:
    with suppress(FileNotFoundError):
        at = (upload.folder / _TROUBLE).stat().st_mtime
        return abs(time.time() - at) < _PAUSE.total_seconds()
    return False


def _note_trouble(upload: PartialUpload) -> None:
    with suppress(FileNotFoundError):
        # Its person may have removed the upload.
        (upload.folder / _TROUBLE).touch(mode=0o600)


def _forget_trouble(upload: PartialUpload) -> None:
    (upload.folder / _TROUBLE).unlink(missing_ok=True)


@contextmanager
def _trouble_noted(upload: PartialUpload) -> Iterator[None]:
    try:
        yield
    except Missing:
        raise
    except StorageError as error:
        logger.warning("an upload could not be stored: %s", error)
        _note_trouble(upload)


def _in_background(task: Callable[[PartialUpload], None], upload: PartialUpload) -> None:
    Thread(target=task, args=[upload], name="upload", daemon=True).start()


def _read(upload: PartialUpload) -> None:
    try:
        with _trouble_noted(upload):
            _take_in(upload)
            return
        # The next request after a while tries again.
        own = _row(upload).filter(read_until=upload.read_until)
        own.update(read_until=timezone.now() + _PAUSE)
    except _Discarded:
        pass
    except Exception:
        # The claim ends, and the next request tries again.
        logger.exception("an upload could not be read")
    finally:
        close_old_connections()


def _take_in(upload: PartialUpload) -> None:
    """Make content of the file, if it is what the browser had. Raises StorageError."""
    incoming, claiming, promised = _incoming(upload), _Claim(upload), upload.arrived
    try:
        sha256, parts = _hashes(upload, incoming, claiming)
    except Missing:
        # Or a process that was faster has taken it in.
        damage = "The file was removed from the storage. Click Upload to send it again."
        _row(upload).filter(sha256="").update(damage=damage)
        return
    if parts != [promised.get(part) for part in range(upload.parts)]:
        damage = "The file changed on the way. Click Upload to send it again."
        _row(upload).update(damage=damage)
        return
    _store().keep_incoming(incoming, sha256, upload.size, claiming)
    _row(upload).update(sha256=sha256, used_at=timezone.now())
    incoming.remove()


def _hashes(
    upload: PartialUpload, incoming: Incoming, heartbeat: Heartbeat
) -> tuple[str, list[str]]:
    """SHA-256 of the whole file and of its parts."""
    whole, part, filled, parts = hashlib.sha256(), hashlib.sha256(), 0, []
    for piece in resumed(incoming.read, heartbeat=heartbeat):
        whole.update(piece)
        left = memoryview(piece)
        while left:
            taken = left[: upload.part_size - filled]
            part.update(taken)
            filled += len(taken)
            left = left[len(taken) :]
            if filled == upload.part_size:
                parts.append(part.hexdigest())
                part, filled = hashlib.sha256(), 0
    return whole.hexdigest(), [*parts, part.hexdigest()] if filled else parts


class _Discarded(Exception):
    """Its person has removed the upload."""


def _claim(upload: PartialUpload) -> bool:
    now = timezone.now()
    free = _row(upload).filter(Q(read_until=None) | Q(read_until__lt=now), sha256="", damage="")
    upload.read_until = now + _CLAIM
    return bool(free.update(read_until=upload.read_until))


class _Claim(ToldWhenAway):
    """Keeps the claim while the file is read, and notes when the store is away for long."""

    def __init__(self, upload: PartialUpload) -> None:
        self._upload, self._due = upload, time.monotonic() + _CLAIM_AGAIN
        self._away_since: float | None = None
        self._is_away, self._has_trouble = False, has_trouble(upload)

    def away(self) -> None:
        now = time.monotonic()
        self._is_away, self._away_since = True, self._away_since or now
        if now - self._away_since >= _SILENCE:
            self._has_trouble = True
            _note_trouble(self._upload)

    def __call__(self) -> None:
        if not self._is_away:
            self._away_since = None
            if self._has_trouble:
                self._has_trouble = False
                _forget_trouble(self._upload)
        self._is_away = False
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _CLAIM_AGAIN
        now = timezone.now()
        self._upload.read_until = now + _CLAIM
        if not _row(self._upload).update(read_until=self._upload.read_until, used_at=now):
            raise _Discarded


def _check(upload: PartialUpload, part: int) -> None:
    if not 0 <= part < upload.parts:
        raise BadPart(f"The upload has {upload.parts:,} parts: there is no part {part:,}.")


def _note(upload: PartialUpload, part: int, digest: str) -> None:
    for former in upload.folder.glob(f"{part:06}.*.arrived"):
        former.unlink(missing_ok=True)
    (upload.folder / f"{part:06}.{digest}.arrived").touch(mode=0o600)
    _row(upload).update(used_at=timezone.now())


def _incoming(upload: PartialUpload) -> Incoming:
    return _store().incoming(upload.key, upload.multipart_id)


def _store() -> S3Store:
    found = direct_store()
    if found is None:
        # The settings were changed meanwhile.
        raise Missing("The storage of this upload is no longer used.")
    return found


def _row(upload: PartialUpload) -> Any:
    return PartialUpload.objects.filter(pk=upload.pk)
