"""What is common to everything on a site. Each object is what the API said when it was read;
`refresh()` reads it anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from .http import Failed, Http

ACTIVE = ("queued", "running", "paused")
Self = TypeVar("Self", bound="Resource")


class Resource:
    """`data` is the JSON of the API."""

    def __init__(self, http: Http, data: Mapping[str, Any]) -> None:
        self._http = http
        self.data = dict(data)

    @property
    def path(self) -> str:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return str(self.data["name"])

    @property
    def status(self) -> str:
        return str(self.data["status"])

    @property
    def url(self) -> str:
        """The address of its page."""
        return str(self.data["url"])

    def refresh(self: Self) -> Self:
        self.data = self._http.get(self.path)
        return self

    def delete(self) -> None:
        """Permanently."""
        self._http.delete(self.path)

    def rename(self: Self, name: str) -> Self:
        self._http.patch(self.path, {"name": name})
        return self.refresh()

    def wait(self: Self, timeout: float | None = None, poll: float = 2.0) -> Self:
        """Until it has ended. Raises Failed if it failed, TimeoutError after `timeout` seconds."""
        self._http.wait(self.refresh, lambda now: now.status not in ACTIVE, timeout, poll)
        if self.status == "failed":
            raise Failed(self._failure())
        return self

    def _failure(self) -> str:
        failure = self.data.get("failure") or {}
        parts = (failure.get("caption"), failure.get("message"), failure.get("advice"))
        return " ".join(filter(None, parts)) or str(self.data.get("failure_message") or "Failed.")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.path}>"
