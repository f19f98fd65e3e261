"""A person's notifications."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions.notifications import mark_read
from tuning.models import Notification

from . import rows
from .bodies import Body
from .paging import Cursor, Limit, Page, page_of
from .schemas import NotificationOut

router = Router(tags=["Notifications"])

# In one request.
MAX_READ = 1_000


class ReadIn(Body):
    """Without `ids`: all that are unread, the oldest 1,000 first."""

    ids: list[int] | None = None


@router.get("/notifications", response=Page[NotificationOut])
def list_notifications(
    request: HttpRequest, unread: bool = False, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """Your notifications, the newest first; only unread ones with `unread`."""
    found = Notification.objects.of(request.user).in_site().select_related("event")
    found = found.filter(read_at=None) if unread else found
    return page_of(request, found, lambda row: rows.notification(request, row), limit, cursor)


@router.post("/notifications/read", response={204: None})
def read_notifications(request: HttpRequest, body: ReadIn) -> Any:
    """Mark notifications as read."""
    found = Notification.objects.of(request.user).unread().order_by("pk")
    if body.ids is not None:
        # Larger numbers are no keys, and no database takes them.
        found = found.filter(pk__in=[pk for pk in body.ids[:MAX_READ] if 0 < pk < 2**63])
    mark_read(request.user, found[:MAX_READ])
    return Status(204, None)
