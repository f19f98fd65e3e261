"""What Tuneroom keeps about a person beyond Django's account: settings, and the browsers in which
they are signed in.

Accounts come by invitation, from an administrator (`views/people.py`, 404 to everybody else) or,
with `OPEN_REGISTRATION`, by signing up (`views/accounts.py`). A person's display name is Django's
`first_name` (`models/people.py`; `{{ user|person }}`); mentions use the username. Django's
sessions do not say whose they are, so `BrowserSession` notes the browser and, every few minutes,
the last use (`views/sessions.py`). The theme is in the person's `Profile` and in their sessions,
which each page loads anyway.
"""

from typing import Any, Self

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models
from django.db.models import CharField, F, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils import timezone


def display_name(user: Any) -> str:
    """The name under which others see a person: the one that they chose, or their user name."""
    return user.get_full_name() or user.get_username()


def display_name_of(path: str) -> Coalesce:
    """`display_name` in a query; `path` leads from a row to the person."""
    chosen = Concat(f"{path}__first_name", Value(" "), f"{path}__last_name")
    return Coalesce(
        NullIf(Trim(chosen), Value("")), F(f"{path}__username"), output_field=CharField()
    )


class Profile(models.Model):
    """Made with the first setting that a person changes."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="profile", primary_key=True
    )
    theme = models.CharField(max_length=10, choices=Theme.choices, blank=True)

    def __str__(self) -> str:
        return f"settings of {self.user}"


class BrowserSessionQuerySet(models.QuerySet["BrowserSession"]):
    def of(self, user: Any) -> Self:
        return self.filter(user_id=user.pk)

    def alive(self) -> Self:
        return self.filter(key__in=_live_sessions())

    def ended(self) -> Self:
        return self.exclude(key__in=_live_sessions())


def _live_sessions() -> models.QuerySet[Session, Any]:
    return Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")


class BrowserSession(models.Model):
    """A browser in which a person is signed in. Django's sessions do not say whose they are."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions"
    )
    # No foreign key: Django replaces a session's row when it changes its key.
    key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(default=timezone.now)

    objects = BrowserSessionQuerySet.as_manager()

    class Meta:
        ordering = ["-last_used_at", "-pk"]

    def __str__(self) -> str:
        return self.browser
