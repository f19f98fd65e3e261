"""An S3 server for tests: moto's, in a thread, with faults on demand."""

import base64
import hashlib
import hmac
import io
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

BUCKET = "tuneroom"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}


Fault = Callable[[Iterable[bytes], socket.socket], Iterable[bytes]]


class S3Server:
    """`faults`: what happens to the next requests, one for each. `requests`: methods and paths.
    `allowed_origins`: whose pages may send something (CORS)."""

    def __init__(self) -> None:
        import moto.settings
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        # Else several parts would be megabytes.
        moto.settings.S3_UPLOAD_PART_MIN_SIZE = 1

        class Quiet(WSGIRequestHandler):
            def log(self, *_: Any, **__: Any) -> None:
                pass

        self._app = DomainDispatcherApplication(create_backend_app)
        self.faults: deque[Fault | None] = deque()
        self.requests: list[str] = []
        self.ranges: list[str] = []
        self.allowed_origins = "*"
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        self.endpoint = f"http://127.0.0.1:{self._server.port}"
        self.url = f"s3://{BUCKET}/data?endpoint={self.endpoint}&region=us-east-1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        self.ranges.append(environ.get("HTTP_RANGE", ""))
        fault = self.faults.popleft() if self.faults else None
        if fault is busy:
            start_response("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>Later.</Message></Error>"]
        if not _signed_well(environ):
            start_response("403 Forbidden", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message></Error>"]
        if not _arrived_whole(environ):
            start_response("400 Bad Request", [("Content-Type", "application/xml")])
            return [b"<Error><Code>BadDigest</Code><Message>Changed on the way.</Message></Error>"]
        if environ["REQUEST_METHOD"] == "OPTIONS":
            # moto would allow everything.
            allowed = [("Access-Control-Allow-Methods", "PUT")]
            origin = ("Access-Control-Allow-Origin", self.allowed_origins)
            start_response("200 OK", [*allowed, origin])
            return []
        answer: Iterable[bytes] = self._app(environ, start_response)
        return fault(answer, environ["werkzeug.socket"]) if fault else answer

    def make_bucket(self) -> None:
        import botocore.session

        client = botocore.session.get_session().create_client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )  # fmt: skip
        client.create_bucket(Bucket=BUCKET)

    def age(self, age: timedelta) -> None:
        """Have all content in the bucket be put so long ago."""
        for key in self._contents().values():
            key.last_modified = datetime.now(UTC).replace(tzinfo=None) - age

    def below(self, folder: str) -> set[str]:
        """The keys of all content in a folder of the bucket."""
        return {key for key in self._contents() if key.startswith(f"{folder}/")}

    @staticmethod
    def _contents() -> Any:
        from moto.core import DEFAULT_ACCOUNT_ID
        from moto.s3.models import s3_backends

        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET].keys

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _signed_well(environ: dict[str, Any]) -> bool:
    """What each server checks of a signed address, and moto does not: Amazon's signature version 4
    over what has arrived."""
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    signature = query.pop("X-Amz-Signature", "")
    if not signature or environ["REQUEST_METHOD"] == "OPTIONS":
        return True
    names = query["X-Amz-SignedHeaders"].split(";")
    values = {"host": environ["HTTP_HOST"], "content-length": environ.get("CONTENT_LENGTH")}
    pairs = (f"{quote(name, '-_.~')}={quote(query[name], '-_.~')}" for name in sorted(query))
    request = "\n".join(
        [environ["REQUEST_METHOD"], quote(environ["PATH_INFO"], "/-_.~"), "&".join(pairs),
         *(f"{name}:{values[name]}" for name in names), "", ";".join(names), "UNSIGNED-PAYLOAD"]
    )  # fmt: skip
    _, *scope = query["X-Amz-Credential"].split("/")
    hashed = hashlib.sha256(request.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), hashed])
    key = f"AWS4{KEYS['AWS_SECRET_ACCESS_KEY']}".encode()
    for part in (*scope, text):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    made = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
    end = made + timedelta(seconds=int(query["X-Amz-Expires"]))
    return key.hex() == signature and datetime.now(UTC) < end


def _arrived_whole(environ: dict[str, Any]) -> bool:
    """What each server checks, and moto does not."""
    expected = environ.get("HTTP_CONTENT_MD5")
    if not expected:
        return True
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    environ["wsgi.input"] = io.BytesIO(body)
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode() == expected


def busy(answer: Iterable[bytes], connection: socket.socket) -> Iterable[bytes]:
    """A 503, before anything is done."""
    raise NotImplementedError


def lost(answer: Iterable[bytes], connection: socket.socket) -> Iterable[bytes]:
    """What was asked for is done, and the connection breaks before the answer."""
    connection.shutdown(socket.SHUT_RDWR)
    return []


def broken(answer: Iterable[bytes], connection: socket.socket) -> Iterator[bytes]:
    """Half of the answer."""
    content = b"".join(answer)
    yield content[: len(content) // 2]
    connection.shutdown(socket.SHUT_RDWR)


def changed(answer: Iterable[bytes], connection: socket.socket) -> Iterator[bytes]:
    """An answer of which one byte is another."""
    content = bytearray(b"".join(answer))
    content[len(content) // 2] ^= 1
    yield bytes(content)


def slow(answer: Iterable[bytes], connection: socket.socket) -> Iterator[bytes]:
    for piece in answer:
        time.sleep(0.05)
        yield piece


@contextmanager
def running_s3() -> Iterator[S3Server]:
    server = S3Server()
    try:
        server.make_bucket()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The server, without faults, and its keys in the environment."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    s3_server.faults.clear()
    s3_server.requests.clear()
    s3_server.ranges.clear()
    s3_server.allowed_origins = "*"
    return s3_server
