"""What people are notified of: what they chose, the bell in the head, the list."""

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, Max, OuterRef

from tuning.event_kinds import EventKind, Whose
from tuning.models import Notification, NotificationChoice, Project

MAX_NEW = 100
PAGE = 50


def bell_info(user: Any) -> dict[str, Any]:
    """How many are unread. `state` differs as soon as another one is or one was read."""
    found = Notification.objects.of(user).unread().aggregate(count=Count("pk"), last=Max("pk"))
    return {"unread": found["count"], "state": f"{found['count']}-{found['last'] or 0}"}


def newest(user: Any) -> Notification | None:
    """The newest unread one, for a browser's own notification."""
    return _rows(user).filter(read_at=None).order_by("-pk").first()


def new_notifications(user: Any) -> list[Notification]:
    return list(_rows(user).filter(read_at=None).order_by("-pk")[:MAX_NEW])


def read_notifications(user: Any, page: Any) -> Page:
    rows = _rows(user).filter(read_at__isnull=False).order_by("-pk")
    return Paginator(rows, PAGE).get_page(page)


def _rows(user: Any) -> Any:
    return Notification.objects.of(user).in_site().select_related("event")


def projects_with_choices(user: Any) -> Any:
    """The person's projects; `has_choices` where they chose something else than elsewhere."""
    own = NotificationChoice.objects.filter(user=user.pk, project=OuterRef("pk"))
    rows = Project.objects.visible_to(user).filter(archived_at=None)
    return rows.annotate(has_choices=Exists(own)).order_by("name", "pk")


def chosen_channels(
    people: Iterable[int], kind: EventKind, project: Project | None
) -> dict[int, tuple[Whose, Whose]]:
    """Of whose events of a kind each person is notified on pages and by mail: what they chose for
    the project, else for all projects, else the default."""
    found = dict.fromkeys(people, (kind.traits.site, kind.traits.mail))
    rows = NotificationChoice.objects.filter(user__in=found, kind=kind)
    for scope in (None, project) if project else (None,):
        for row in rows:
            if row.project_id == (scope and scope.pk):
                site, mail = found[row.user_id]
                found[row.user_id] = (Whose(row.site or site), Whose(row.mail or mail))
    return found
