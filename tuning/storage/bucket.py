"""Requests to a bucket of any S3-compatible server, with its errors as those of a store."""

import base64
import hashlib
import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, partial
from typing import Any, BinaryIO

from .contract import PIECE, Away, Heartbeat, Missing, StorageError, retried

# Larger files go in parts of at least so many bytes, of which a server takes 10,000.
PART = 16 << 20
MAX_PARTS = 10_000
# Of a copy within the bucket: what a slow server, too, copies before the answer is given up.
COPIED_AT_ONCE = 128 << 20
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


class Bucket:
    """Keys are relative to a folder of the bucket."""

    def __init__(self, name: str, folder: str, endpoint: str, region: str, part: int) -> None:
        """`endpoint`: of another server than Amazon's. The keys come from where Amazon's own
        programs look for them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, a machine's role."""
        self._name, self._endpoint, self._region = name, endpoint, region
        self._folder = f"{folder}/" if folder else ""
        self.part, self.copied_at_once = part, COPIED_AT_ONCE

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

    def once(self, operation: str, key: str, **parameters: Any) -> Any:
        with answers():
            method = getattr(self._client, operation)
            return method(Bucket=self._name, Key=self._folder + key, **parameters)

    def ask(self, operation: str, key: str, heartbeat: Heartbeat, **parameters: Any) -> Any:
        return retried(partial(self.once, operation, key, **parameters), heartbeat)

    def send(
        self, operation: str, key: str, body: bytes, heartbeat: Heartbeat, **parameters: Any
    ) -> Any:
        """A request with a body, of which the server checks the digest."""
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        parameters |= {"ContentMD5": digest, "ContentLength": len(body)}

        def send() -> Any:
            return self.once(operation, key, Body=_Beating(body, heartbeat), **parameters)

        return retried(send, heartbeat)

    def pages(self, operation: str, folder: str) -> Iterator[Any]:
        """Of a list of all that is below a folder."""
        with answers():
            paginator = self._client.get_paginator(operation)
            yield from paginator.paginate(Bucket=self._name, Prefix=self._folder + folder)

    def relative(self, key: str) -> str:
        """A key of such a list."""
        return key.removeprefix(self._folder)

    def signed(self, operation: str, key: str, seconds: int, **parameters: Any) -> str:
        """An address that allows everybody who has it one operation, for so long."""
        parameters |= {"Bucket": self._name, "Key": self._folder + key}
        with answers():
            address: str = self._client.generate_presigned_url(
                operation, Params=parameters, ExpiresIn=seconds
            )
        return address

    def read(self, key: str, start: int) -> Iterator[bytes]:
        with answers():
            try:
                body = self.once("get_object", key, Range=f"bytes={start}-")["Body"]
            except _BeyondEnd:
                return
            try:
                yield from body.iter_chunks(PIECE)
            finally:
                body.close()

    def write(self, key: str, size: int, reader: BinaryIO, heartbeat: Heartbeat) -> None:
        if size <= self.part:
            self.send("put_object", key, reader.read(), heartbeat)
            return
        length = max(self.part, math.ceil(size / MAX_PARTS))

        def send(number: int, upload: dict[str, str]) -> Any:
            part = reader.read(length)
            return self.send("upload_part", key, part, heartbeat, PartNumber=number, **upload)

        self._in_parts(key, math.ceil(size / length), send, heartbeat)

    def copy(self, source: str, target: str, size: int, heartbeat: Heartbeat) -> None:
        """Within the bucket. Raises Missing."""
        origin = {"Bucket": self._name, "Key": self._folder + source}
        if size <= self.copied_at_once:
            self.ask("copy_object", target, heartbeat, CopySource=origin)
            return
        length = max(self.copied_at_once, math.ceil(size / MAX_PARTS))

        def copy(number: int, upload: dict[str, str]) -> Any:
            start, end = (number - 1) * length, min(number * length, size)
            heartbeat()
            answer = self.ask(
                "upload_part_copy", target, heartbeat, PartNumber=number, CopySource=origin,
                CopySourceRange=f"bytes={start}-{end - 1}", **upload,
            )  # fmt: skip
            return answer["CopyPartResult"]

        self._in_parts(target, math.ceil(size / length), copy, heartbeat)

    def _in_parts(self, key: str, count: int, send: Any, heartbeat: Heartbeat) -> None:
        """`send`, which has one part arrive, gets its number and which upload it is of."""
        started = self.ask("create_multipart_upload", key, heartbeat)
        upload = {"UploadId": started["UploadId"]}
        try:
            numbers = range(1, count + 1)
            sent = [{"PartNumber": n, "ETag": send(n, upload)["ETag"]} for n in numbers]
            self.complete(key, sent, heartbeat, **upload)
        except BaseException:
            # A crash leaves it to `clear_unfinished`.
            with suppress(StorageError):
                self.once("abort_multipart_upload", key, **upload)
            raise

    def complete(
        self, key: str, parts: Iterable[dict[str, Any]], heartbeat: Heartbeat, **upload: str
    ) -> None:
        self.ask(
            "complete_multipart_upload", key, heartbeat, MultipartUpload={"Parts": list(parts)},
            **upload,
        )  # fmt: skip


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
def answers() -> Iterator[None]:
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
