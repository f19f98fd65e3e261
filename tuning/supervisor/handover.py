"""Laying files into a runner's folder."""

import os
import shutil
from pathlib import Path

from django.conf import settings

from . import isolation


def hand_over(original: Path, target: Path) -> None:
    """A second name for the file, not a copy, where that can be. Raises FileNotFoundError."""
    original.chmod(0o440)
    own_user = isolation.level() >= isolation.OWN_USER
    if own_user:
        os.chown(original, -1, settings.RUNNER_USERS)
    try:
        os.link(original, target)
    except FileNotFoundError:
        raise
    except OSError:
        # Another file system, or one that knows no links.
        shutil.copy(original, target)
        if own_user:
            os.chown(target, -1, settings.RUNNER_USERS)


def hand_copy(original: Path, target: Path) -> None:
    """A copy, of what others need unchanged: a runner of the same user could write into the file
    behind a second name. Raises FileNotFoundError."""
    shutil.copyfile(original, target)
    target.chmod(0o440)
    if isolation.level() >= isolation.OWN_USER:
        os.chown(target, -1, settings.RUNNER_USERS)
