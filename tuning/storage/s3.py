"""A store in a bucket of any S3-compatible server: `objects/abcdef...`, by the SHA-256."""

import base64
import hashlib
import io
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property, partial
from typing import Any, BinaryIO

from .contract import (
    PIECE,
    Away,
    Entry,
    Heartbeat,
    Missing,
    StorageError,
    Store,
    is_hash,
    no_heartbeat,
    retried,
)

# Larger files go in parts of at least so many bytes, of which a server takes 10,000.
PART = 16 << 20
_MAX_PARTS = 10_000
# Seconds. A lease, which is renewed between two requests, lasts longer.
_CONNECT_TIMEOUT, _READ_TIMEOUT = 5, 20
_ABSENT = ("404", "NoSuchKey", "NoSuchUpload")
_LATER = (
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "BadDigest",
    "IncompleteBody",
    "OperationAborted",
)


class S3Store(Store):
    def __init__(
        self, bucket: str, prefix: str = "", endpoint: str = "", region: str = "", part: int = PART
    ) -> None:
        """`endpoint`: of another server than Amazon's. The keys come from where Amazon's own
        programs look for them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, a machine's role."""
        self._bucket, self._endpoint, self._region = bucket, endpoint, region
        self._prefix = f"{prefix}/objects/" if prefix else "objects/"
        self._part = part

    @cached_property
    def _client(self) -> Any:
        # Half a second, which only those pay that have such a store.
        import botocore.session
        from botocore.config import Config

        config = Config(
            signature_version="s3v4", connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT,
            # Tried again here, where a heartbeat is at hand.
            retries={"total_max_attempts": 1}, max_pool_connections=32,
            s3={"addressing_style": "path" if self._endpoint else "auto"},
            # Other servers than Amazon's do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )  # fmt: skip
        return botocore.session.get_session().create_client(
            "s3", region_name=self._region or None, endpoint_url=self._endpoint or None,
            config=config,
        )  # fmt: skip

    def _write(self, sha256: str, size: int, reader: BinaryIO, heartbeat: Heartbeat) -> None:
        if size <= self._part:
            self._send("put_object", sha256, reader.read(), heartbeat)
            return
        started = self._ask("create_multipart_upload", sha256, heartbeat)
        upload = {"UploadId": started["UploadId"]}
        try:
            sent = list(self._send_parts(sha256, upload, size, reader, heartbeat))
            self._ask(
                "complete_multipart_upload", sha256, heartbeat,
                MultipartUpload={"Parts": sent}, **upload,
            )  # fmt: skip
        except BaseException:
            # A crash leaves it to `clear_unfinished`.
            with suppress(StorageError):
                self._once("abort_multipart_upload", sha256, **upload)
            raise

    def _send_parts(
        self, sha256: str, upload: dict[str, str], size: int, reader: BinaryIO, heartbeat: Heartbeat
    ) -> Iterator[dict[str, Any]]:
        length = max(self._part, math.ceil(size / _MAX_PARTS))
        number = 1
        while part := reader.read(length):
            answer = self._send("upload_part", sha256, part, heartbeat, PartNumber=number, **upload)
            yield {"PartNumber": number, "ETag": answer["ETag"]}
            number += 1

    def find(self, sha256: str, heartbeat: Heartbeat = no_heartbeat) -> Entry | None:
        try:
            answer = self._ask("head_object", sha256, heartbeat)
        except Missing:
            return None
        return Entry(sha256, answer["ContentLength"], answer["LastModified"])

    def read(self, sha256: str, start: int = 0) -> Iterator[bytes]:
        with _answers():
            try:
                body = self._once("get_object", sha256, Range=f"bytes={start}-")["Body"]
            except _BeyondEnd:
                return
            try:
                yield from body.iter_chunks(PIECE)
            finally:
                body.close()

    def delete(self, sha256: str, older_than: datetime | None = None) -> bool:
        entry = self.find(sha256)
        if entry is None or (older_than and entry.modified >= older_than):
            return False
        self._ask("delete_object", sha256, no_heartbeat)
        return True

    def entries(self) -> Iterator[Entry]:
        for page in self._pages("list_objects_v2"):
            for found in page.get("Contents", ()):
                name = found["Key"].removeprefix(self._prefix)
                if is_hash(name):
                    yield Entry(name, found["Size"], found["LastModified"])

    def clear_unfinished(self, before: datetime) -> None:
        for page in self._pages("list_multipart_uploads"):
            for found in page.get("Uploads", ()):
                if found["Initiated"] < before:
                    name = found["Key"].removeprefix(self._prefix)
                    with suppress(Missing):
                        self._once("abort_multipart_upload", name, UploadId=found["UploadId"])

    def address(self, sha256: str, name: str, seconds: int) -> str:
        parameters = {
            "Bucket": self._bucket, "Key": self._prefix + sha256,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
            "ResponseContentType": "application/octet-stream",
            "ResponseCacheControl": "private, no-store",
        }  # fmt: skip
        with _answers():
            address: str = self._client.generate_presigned_url(
                "get_object", Params=parameters, ExpiresIn=seconds
            )
        return address

    def _send(
        self, operation: str, sha256: str, body: bytes, heartbeat: Heartbeat, **parameters: Any
    ) -> Any:
        """A request with a body, of which the server checks the digest."""
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        parameters |= {"ContentMD5": digest, "ContentLength": len(body)}

        def send() -> Any:
            return self._once(operation, sha256, Body=_Beating(body, heartbeat), **parameters)

        return retried(send, heartbeat)

    def _ask(self, operation: str, sha256: str, heartbeat: Heartbeat, **parameters: Any) -> Any:
        return retried(partial(self._once, operation, sha256, **parameters), heartbeat)

    def _once(self, operation: str, sha256: str, **parameters: Any) -> Any:
        with _answers():
            method = getattr(self._client, operation)
            return method(Bucket=self._bucket, Key=self._prefix + sha256, **parameters)

    def _pages(self, operation: str) -> Iterator[Any]:
        with _answers():
            paginator = self._client.get_paginator(operation)
            yield from paginator.paginate(Bucket=self._bucket, Prefix=self._prefix)


class _Beating(io.BytesIO):
    """A body that is sent slowly is no reason to lose a lease."""

    def __init__(self, body: bytes, heartbeat: Heartbeat) -> None:
        super().__init__(body)
        self._heartbeat = heartbeat

    def read(self, size: int | None = -1, /) -> bytes:
        self._heartbeat()
        return super().read(size)


class _BeyondEnd(StorageError):
    """There is nothing from this byte on."""


@contextmanager
def _answers() -> Iterator[None]:
    """Errors of the client as those of a store."""
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    try:
        yield
    except ClientError as error:
        raise _meaning(error.response) from error
    except (BotoCoreError, HTTPError) as error:
        raise Away(f"The storage does not answer: {error}") from error


def _meaning(response: Any) -> StorageError:
    code = str(response.get("Error", {}).get("Code", ""))
    message = response.get("Error", {}).get("Message", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _ABSENT:
        return Missing("The storage lacks this content.")
    if code == "InvalidRange" or status == 416:
        return _BeyondEnd(message)
    if status >= 500 or status in (408, 429) or code in _LATER:
        return Away(f"The storage is busy ({code}): {message}")
    return StorageError(f"The storage refuses ({code}): {message}")
