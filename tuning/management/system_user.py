"""Who acts in commands that need no account: the user of the operating system."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

from tuning.actions.audit import Actor, acting
from tuning.models.audit import Via


@contextmanager
def acting_as_system_user() -> Iterator[None]:
    """What is recorded meanwhile is the system user's."""
    with acting(lambda: Actor(via=Via.COMMAND, name=f"{_name()} (operating system)")):
        yield


def _name() -> str:
    try:
        return getpass.getuser()[:100]
    except (OSError, KeyError, ImportError):
        # In a container, a user may have no name.
        return f"user {os.getuid()}"
