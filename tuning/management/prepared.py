"""Whether Tuneroom is set up here, and what commands do where it is not."""

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError

from tuning.analysis.readiness import lacks_migrations

NOT_SET_UP = "Tuneroom is not set up {} yet. First run: make setup"


def is_unprepared() -> bool:
    """Whether tables or columns are missing. Raises CommandError without a database."""
    try:
        return lacks_migrations()
    except DatabaseError as error:
        reason = " ".join(str(error).split())
        raise CommandError(f"The database can't be reached: {reason}") from None


def set_up_or_refuse(say: Callable[[str], None]) -> None:
    """Set up the embedded default as `make setup` does. A database server is a person's to look
    after: there nothing is changed without being asked. Raises CommandError."""
    if not is_unprepared() and get_user_model().objects.exists():
        return
    if settings.DATABASE_URL:
        raise CommandError(NOT_SET_UP.format("in this database"))
    say(f"Setting up Tuneroom in {settings.DATA_ROOT}, the first time only:")
    call_command("bootstrap")
