"""A file that a browser sends to the bucket itself, in parts, with an address for each that this
site has signed. It is content once the site has read it and knows its hash."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from .bucket import Bucket
from .contract import Missing, StorageError, no_heartbeat

INCOMING = "incoming"
# How long an address of a part is valid, in seconds: a slow line takes some minutes for one.
_SECONDS = 3600


class Incoming:
    """Parts are numbered from 0. Raises StorageError; Missing if it was removed."""

    def __init__(self, bucket: Bucket, key: str, upload_id: str = "") -> None:
        self._bucket, self.place = bucket, f"{INCOMING}/{key}"
        self._upload = {"UploadId": upload_id}

    def begin(self) -> str:
        """Returns the server's name for the upload."""
        started = self._bucket.ask("create_multipart_upload", self.place, no_heartbeat)
        upload_id: str = started["UploadId"]
        self._upload = {"UploadId": upload_id}
        return upload_id

    def address(self, part: int, size: int) -> str:
        """Where a browser may put this part, of just so many bytes."""
        return self._bucket.signed(
            "upload_part", self.place, _SECONDS, PartNumber=part + 1, ContentLength=size,
            **self._upload,
        )  # fmt: skip

    def put(self, part: int, content: bytes) -> None:
        """A part that came through the site."""
        self._bucket.send(
            "upload_part", self.place, content, no_heartbeat, PartNumber=part + 1, **self._upload
        )

    def sizes(self) -> dict[int, int]:
        """In bytes, of the parts that are here."""
        return {found["PartNumber"] - 1: found["Size"] for found in self._parts()}

    def complete(self) -> None:
        """Put the parts together. No error if they are."""
        try:
            named = [
                {name: part[name] for name in ("PartNumber", "ETag")} for part in self._parts()
            ]
            self._bucket.complete(self.place, named, no_heartbeat, **self._upload)
        except Missing:
            # Done by a request whose answer was lost.
            self.must_be_whole()

    def must_be_whole(self) -> None:
        """Raises Missing if its parts were never put together, or it is gone."""
        self._bucket.ask("head_object", self.place, no_heartbeat)

    def read(self, start: int = 0) -> Iterator[bytes]:
        """The whole file from this byte on, as it comes."""
        return self._bucket.read(self.place, start)

    def remove(self) -> None:
        """What cannot be removed now is collected."""
        with suppress(StorageError):
            self._bucket.once("abort_multipart_upload", self.place, **self._upload)
        with suppress(StorageError):
            self._bucket.once("delete_object", self.place)

    def _parts(self) -> list[Any]:
        found: list[Any] = []
        marker = 0
        while True:
            answer = self._bucket.ask(
                "list_parts", self.place, no_heartbeat, PartNumberMarker=marker, **self._upload
            )
            found += answer.get("Parts", ())
            if not answer.get("IsTruncated"):
                return found
            marker = answer["NextPartNumberMarker"]


def key_of(place: str) -> str:
    """Of the upload that lies there; "" of other content."""
    folder, _, key = place.partition("/")
    return key if folder == INCOMING else ""
