"""Saved views of a project's trial tables, as one person sees them."""

from typing import Any

from tuning.models import Project, SavedView

from .selection import PLAIN


def views_of(user: Any, project: Project) -> list[SavedView]:
    """One's own and the team's; with their owners."""
    shown = SavedView.objects.shown_to(user).filter(project=project)
    return list(shown.select_related("owner"))


def view_of(user: Any, project: Project, key: str) -> SavedView | None:
    """The view that an address asks for; without a key the project's default."""
    if key == PLAIN:
        return None
    views = SavedView.objects.shown_to(user).filter(project=project)
    if not key:
        return views.filter(is_default=True).first()
    known = key.isascii() and key.isdecimal() and len(key) < 10
    return views.filter(pk=int(key)).first() if known else None
