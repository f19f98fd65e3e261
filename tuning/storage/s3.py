"""A store in a bucket of any S3-compatible server: `objects/abcdef...`, by the SHA-256."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO
from urllib.parse import urlsplit

from .bucket import PART, Bucket
from .contract import Entry, Heartbeat, Missing, Store, is_hash, no_heartbeat
from .incoming import INCOMING, Incoming, key_of

_OBJECTS, _TRASH = "objects", "trash"


class S3Store(Store):
    def __init__(
        self, bucket: str, folder: str = "", endpoint: str = "", region: str = "", part: int = PART
    ) -> None:
        self.bucket = Bucket(bucket, folder, endpoint, region, part)

    def incoming(self, key: str, upload_id: str = "") -> Incoming:
        """A file that a browser sends here. `upload_id`: what `begin` returned."""
        return Incoming(self.bucket, key, upload_id)

    def keep_incoming(
        self, incoming: Incoming, sha256: str, size: int, heartbeat: Heartbeat = no_heartbeat
    ) -> None:
        """Make content of a file that has come whole. Raises Missing."""
        if not self._is_young(sha256, size, heartbeat):
            self.bucket.copy(incoming.place, _object(sha256), size, heartbeat)

    def _write(self, sha256: str, size: int, reader: BinaryIO, heartbeat: Heartbeat) -> None:
        self.bucket.write(_object(sha256), size, reader, heartbeat)

    def _look(self, sha256: str, heartbeat: Heartbeat) -> Entry | None:
        return self._entry(_OBJECTS, sha256, heartbeat)

    def read(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        return self.bucket.read(_object(sha256), start)

    def delete(self, sha256: str) -> bool:
        found = self._look(sha256, no_heartbeat) is not None
        if found:
            self.bucket.ask("delete_object", _object(sha256), no_heartbeat)
        return found

    def entries(self) -> Iterator[Entry]:
        return self._entries(_OBJECTS)

    def discard(self, sha256: str, older_than: datetime) -> bool:
        entry = self._look(sha256, no_heartbeat)
        if entry is None or entry.modified >= older_than:
            return False
        return self._move(_OBJECTS, _TRASH, entry)

    def recover(self, sha256: str) -> bool:
        entry = self._entry(_TRASH, sha256, no_heartbeat)
        return entry is not None and self._move(_TRASH, _OBJECTS, entry)

    def discarded(self) -> Iterator[Entry]:
        return self._entries(_TRASH)

    def delete_discarded(self, sha256: str) -> None:
        self.bucket.ask("delete_object", f"{_TRASH}/{sha256}", no_heartbeat)

    def clear_unfinished(self, before: datetime, keep: Collection[str] = ()) -> None:
        for page in self.bucket.pages("list_multipart_uploads", ""):
            for found in page.get("Uploads", ()):
                key = self.bucket.relative(found["Key"])
                if found["Initiated"] < before and key_of(key) not in keep:
                    with suppress(Missing):
                        self.bucket.once("abort_multipart_upload", key, UploadId=found["UploadId"])
        for page in self.bucket.pages("list_objects_v2", f"{INCOMING}/"):
            for found in page.get("Contents", ()):
                key = self.bucket.relative(found["Key"])
                if found["LastModified"] < before and key_of(key) not in keep:
                    self.bucket.ask("delete_object", key, no_heartbeat)

    @property
    def origin(self) -> str:
        """Of the addresses that this store signs, as browsers compare them."""
        parts = urlsplit(self.bucket.signed("get_object", _object(""), 1))
        return f"{parts.scheme}://{parts.netloc}"

    def address(self, sha256: str, name: str, seconds: int) -> str:
        return self.bucket.signed(
            "get_object", _object(sha256), seconds,
            ResponseContentDisposition=f'attachment; filename="{name}"',
            ResponseContentType="application/octet-stream",
            ResponseCacheControl="private, no-store",
        )  # fmt: skip

    def _entry(self, folder: str, sha256: str, heartbeat: Heartbeat) -> Entry | None:
        try:
            answer = self.bucket.ask("head_object", f"{folder}/{sha256}", heartbeat)
        except Missing:
            return None
        return Entry(sha256, answer["ContentLength"], answer["LastModified"])

    def _entries(self, folder: str) -> Iterator[Entry]:
        for page in self.bucket.pages("list_objects_v2", f"{folder}/"):
            for found in page.get("Contents", ()):
                name = self.bucket.relative(found["Key"]).removeprefix(f"{folder}/")
                if is_hash(name):
                    yield Entry(name, found["Size"], found["LastModified"])

    def _move(self, source: str, target: str, entry: Entry) -> bool:
        """It is in at least one of both places all the time."""
        try:
            self.bucket.copy(
                f"{source}/{entry.sha256}", f"{target}/{entry.sha256}", entry.size, no_heartbeat
            )
        except Missing:
            return False
        self.bucket.ask("delete_object", f"{source}/{entry.sha256}", no_heartbeat)
        return True


def _object(sha256: str) -> str:
    return f"{_OBJECTS}/{sha256}"
