"""Requests to the API: the token, another try after a broken connection, pages, errors."""

from __future__ import annotations

import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import requests

TRIES = 5
# Seconds to connect, and between two pieces of an answer.
TIMEOUT = (10, 60)
AGAIN = (429, 502, 503, 504)

T = TypeVar("T")


class Problem(Exception):
    """What the site refused. `errors` has a sentence for each wrong field."""

    def __init__(self, status: int, detail: str, errors: Mapping[str, str] | None = None) -> None:
        fields = "".join(f"\n  {field}: {text}" for field, text in (errors or {}).items() if field)
        super().__init__(f"{detail} ({status}){fields}")
        self.status = status
        self.detail = detail
        self.errors = dict(errors or {})


class Failed(Exception):
    """What was waited for has failed."""


class Http:
    """The connection to a site."""

    def __init__(self, url: str, token: str, session: requests.Session | None = None) -> None:
        self.root = url.rstrip("/") + "/api/v1/"
        self.session = session or requests.Session()
        self._headers = {"Authorization": f"Bearer {token}"}
        self.sleep: Callable[[float], None] = time.sleep
        # Whether what runs log is sent by threads; else it is sent at their ends.
        self.background = True

    def get(self, path: str, query: Mapping[str, Any] | str = "") -> Any:
        return self._answer("GET", path, params=query).json()

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, key: str | None = None, **sent: Any
    ) -> Any:
        """Sent again after a broken connection, it happens once: each call has a key of its own.
        Calls with one `key` are the same; with an empty one they have none."""
        key = uuid.uuid4().hex if key is None else key
        headers = {"Idempotency-Key": key} if key else {}
        if not sent:
            sent = {"json": dict(body or {})}
        answer = self._answer("POST", path, headers=headers, **sent)
        return answer.json() if answer.content else None

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        return self._answer("PATCH", path, json=dict(body)).json()

    def put(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = self._answer("PUT", path, json=dict(body or {}))
        return answer.json() if answer.content else None

    def send_part(self, path: str, content: bytes) -> None:
        """A part of a file, which the site compares with its hash."""
        digest = hashlib.sha256(content).hexdigest()
        headers = {"Content-Type": "application/octet-stream", "X-Part-SHA256": digest}
        self._answer("PUT", path, headers=headers, data=content)

    def delete(self, path: str) -> None:
        self._answer("DELETE", path)

    def items(self, path: str, query: Mapping[str, Any] | str = "") -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        page = self.get(path, query)
        yield from page["items"]
        while page["next"]:
            page = self.get(page["next"])
            yield from page["items"]

    def download(self, address: str, target: str | os.PathLike[str]) -> Path:
        """Write a file, in its place only once it is complete."""
        path = Path(target)
        part = path.with_name(path.name + ".part")
        with self._answer("GET", address, stream=True) as answer, part.open("wb") as file:
            for chunk in answer.iter_content(1024 * 1024):
                file.write(chunk)
        part.replace(path)
        return path

    def read(self, address: str) -> bytes:
        """A small file."""
        return self._answer("GET", address).content

    def wait(
        self, read: Callable[[], T], ready: Callable[[T], bool], timeout: float | None, poll: float
    ) -> T:
        """Read until it is ready. Raises TimeoutError."""
        end = None if timeout is None else time.monotonic() + timeout
        while not ready(found := read()):
            if end is not None and time.monotonic() >= end:
                raise TimeoutError(f"Not ready after {timeout} s.")
            self.sleep(poll)
        return found

    def _answer(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> requests.Response:
        # Of a whole address only what follows: behind a proxy the site may know itself by another
        # name, and the token goes nowhere else.
        address = self.root + path.rpartition("/api/v1/")[2]
        for attempt in range(1, TRIES + 1):
            try:
                answer = self.session.request(
                    method, address, headers={**self._headers, **(headers or {})},
                    timeout=TIMEOUT, allow_redirects=False, **sent,
                )  # fmt: skip
            except (requests.ConnectionError, requests.Timeout):
                if attempt == TRIES:
                    raise
                self.sleep(2.0 ** (attempt - 1))
                continue
            if answer.status_code in AGAIN and attempt < TRIES:
                self.sleep(float(answer.headers.get("Retry-After", 2.0 ** (attempt - 1))))
                continue
            break
        if answer.status_code >= 300:
            raise _problem(answer)
        return answer


def _problem(answer: requests.Response) -> Problem:
    try:
        given = answer.json()
        errors = {error["field"]: error["detail"] for error in given.get("errors", [])}
        return Problem(answer.status_code, given["detail"], errors)
    except (ValueError, KeyError, TypeError):
        return Problem(answer.status_code, answer.text.strip()[:300] or answer.reason)
