"""Webhooks and notifications: what the site tells, and whom."""

from __future__ import annotations

from typing import Any

from .resource import Resource


class Webhook(Resource):
    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def path(self) -> str:
        return f"webhooks/{self.id}"

    @property
    def url(self) -> str:
        """Where events are posted."""
        return str(self.data["url"])

    @property
    def secret(self) -> str:
        """What signs each delivery. Only after it was added or replaced; else empty."""
        return str(self.data.get("secret", ""))

    @property
    def enabled(self) -> bool:
        return bool(self.data["enabled"])

    def change(self, **fields: Any) -> Webhook:
        """Its `url`, `kinds`, `format` or `project`; or `enabled=True` after it was disabled."""
        self.data = self._http.patch(self.path, fields)
        return self

    def replace_secret(self) -> str:
        """Everything is signed with the new one from then on."""
        self.data = self._http.post(f"{self.path}/secret")
        return self.secret

    def send_test(self) -> Delivery:
        self._http.post(f"{self.path}/test")
        # Another event may have come since.
        return next(each for each in self.deliveries() if each.type == "webhook.test")

    def deliveries(self, limit: int = 100) -> list[Delivery]:
        """The newest ones."""
        page = self._http.get(f"{self.path}/deliveries", {"limit": limit})
        return [Delivery(self._http, {"webhook": self.id, **each}) for each in page["items"]]


class Delivery(Resource):
    """An event for a webhook, with the `status` waiting, delivered or failed."""

    @property
    def path(self) -> str:
        return f"webhooks/{self.data['webhook']}/deliveries/{self.data['id']}"

    @property
    def type(self) -> str:
        return str(self.data["type"])

    def resend(self) -> Delivery:
        """With the same id."""
        made = self._http.post(f"{self.path}/resend")
        self.data = {"webhook": self.data["webhook"], **made}
        return self


class Notification(Resource):
    """`text` is a sentence, `type` as in docs/webhooks.md."""

    @property
    def id(self) -> int:
        return int(self.data["id"])

    @property
    def type(self) -> str:
        return str(self.data["type"])

    @property
    def text(self) -> str:
        return str(self.data["text"])

    @property
    def is_read(self) -> bool:
        return self.data["read_at"] is not None

    def read(self) -> None:
        """Mark it as read."""
        self._http.post("notifications/read", {"ids": [self.id]})
