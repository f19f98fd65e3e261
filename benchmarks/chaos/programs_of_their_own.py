"""Scenarios that need Django run as programs of their own: each has its data folder."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from .installation import FOREIGN, ROOT


def run_module(module: str, *words: str, folder: Path | None = None, **settings: str) -> Any:
    """The JSON that `python -m MODULE FOLDER WORDS` prints, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="tuneroom-chaos-") as temporary:
        own = folder or Path(temporary)
        environment = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
        environment |= {
            "TUNEROOM_DATA": str(own / "data"), "LOG_LEVEL": "CRITICAL",
            "DJANGO_SETTINGS_MODULE": "webapp.settings", **settings,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", module, str(own), *words],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{module} ended with {done.returncode}.\n{done.stdout[-3000:]}")
        return json.loads(done.stdout.splitlines()[-1])


def set_up(folder: str) -> Path:
    """Called by such a program: Django with an empty database that has all tables."""
    import django

    (Path(folder) / "temporary").mkdir(exist_ok=True)
    tempfile.tempdir = str(Path(folder) / "temporary")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from tuning.actions import dispatch

    # No broker: what there is to do is in the database.
    dispatch.send_task = lambda _: True
    return Path(folder)
