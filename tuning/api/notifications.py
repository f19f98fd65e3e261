"""A person's notifications, and what they are notified of."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status

from tuning.actions.notifications import choose, mark_read
from tuning.forms.notifications import NotificationsForm, field_name
from tuning.models import Notification, Project

from . import rows
from .bodies import Body, form_data
from .changes import check_all_teams
from .paging import Cursor, Limit, Page, page_of
from .problems import FieldError, form_errors, invalid
from .reading import project_of
from .schemas import NotificationOut, NotificationSettings

router = Router(tags=["Notifications"])

# In one request.
MAX_READ = 1_000


class ReadIn(Body):
    """Without `ids`: all that are unread, the oldest 1,000 first."""

    ids: list[int] | None = None


class SettingsIn(Body):
    """By the type of event and the channel (`site`, or `mail` if the site has a mail server)."""

    settings: dict[str, dict[str, str]] = {}


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


@router.get("/notifications/settings", response=NotificationSettings)
def show_notification_settings(request: HttpRequest) -> dict[str, Any]:
    """Whose events you are notified of."""
    return _settings(NotificationsForm(user=request.user))


@router.put("/notifications/settings", response=NotificationSettings)
def change_notification_settings(request: HttpRequest, body: SettingsIn) -> dict[str, Any]:
    """Choose whose events you are notified of: `off`, `own` or `all`. What is left out stays."""
    check_all_teams(request)
    return _chosen(request, None, body)


@router.get("/projects/{number:project}/notifications/settings", response=NotificationSettings)
def show_project_notification_settings(request: HttpRequest, project: int) -> dict[str, Any]:
    """Your choices for a project. Where one is empty, those of all projects hold."""
    row = project_of(request, project)
    return _settings(NotificationsForm(user=request.user, project=row))


@router.put("/projects/{number:project}/notifications/settings", response=NotificationSettings)
def change_project_notification_settings(
    request: HttpRequest, project: int, body: SettingsIn
) -> dict[str, Any]:
    """Choose for a project whose events you are notified of. What is left out stays."""
    return _chosen(request, project_of(request, project), body)


def _chosen(request: HttpRequest, project: Project | None, body: SettingsIn) -> dict[str, Any]:
    blank = NotificationsForm(user=request.user, project=project)
    names = {
        f"{kind.value}.{channel}": field_name(kind, channel)
        for kind in blank.kinds
        for channel in blank.channels
    }
    given = {
        f"{kind}.{channel}": whose
        for kind, channels in body.settings.items()
        for channel, whose in channels.items()
    }
    if unknown := given.keys() - names.keys():
        text = "There is no such notification here."
        raise invalid([FieldError(f"settings.{name}", text) for name in sorted(unknown)])
    data = form_data(blank, {names[name]: whose for name, whose in given.items()})
    form = NotificationsForm(data, user=request.user, project=project)
    if not form.is_valid():
        fields = {field: f"settings.{name}" for name, field in names.items()}
        errors = [FieldError(fields[at], text) for at, text in form_errors(form.errors)]
        raise invalid(errors)
    choose(request.user, project, form.choices())
    return _settings(NotificationsForm(user=request.user, project=project))


def _settings(form: NotificationsForm) -> dict[str, Any]:
    return {
        "settings": {
            kind.value: {
                channel: form[field_name(kind, channel)].value() for channel in form.channels
            }
            for kind in form.kinds
        }
    }
