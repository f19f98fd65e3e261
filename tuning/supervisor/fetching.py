"""Fetching weights for a template without a network: by a runner that never sees its code.

Downloads. No template's code has a network by default. Built-in datasets are downloaded by
runners without such code. When a template asks Keras for weights below `WEIGHTS_URL`, its runner
says `download_needed`, the supervisor has them downloaded by another runner (`fetching.py` on both
sides) into `DATA_ROOT/downloads`, which templates only read, and the trial's clocks stand still
meanwhile. `KERAS_HOME` is each runner's own and shows the shared files as links. Inspections
never download.
"""

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from django.conf import settings

from tuning.protocol.events import BadEvent, Failed, Fetched
from tuning.protocol.orders import FetchOrder
from tuning.protocol.weights import published_file

from .files import store_file
from .launch import Device
from .runners import RunnerGone, RunnerProcess

STALL_SECONDS = 60


def fetch(url: str, heartbeat: Callable[[], None]) -> str:
    """Have `url` in the shared folder of downloads; "" or, for people, why that cannot be.
    `heartbeat` is called a few times a second and may raise."""
    name = published_file(url, settings.WEIGHTS_URL)
    if not name:
        return "Templates can only download weights published by Keras."
    target = Path(settings.DOWNLOADS_ROOT) / "models" / name
    # Downloaded even if it is there: then the template's runner has it too, and Keras, which knows
    # its digest, does not want it.
    runner = RunnerProcess(Device(), needs_keras=False)
    try:
        runner.send(FetchOrder(url))
        return _wait(runner, target, heartbeat)
    except (RunnerGone, BadEvent) as error:
        return f"The download of {name} failed: {error}"
    finally:
        runner.kill()


def _wait(runner: RunnerProcess, target: Path, heartbeat: Callable[[], None]) -> str:
    heard = time.monotonic()
    while time.monotonic() < heard + STALL_SECONDS:
        heartbeat()
        event = runner.read(timeout=0.25)
        if event is not None:
            heard = time.monotonic()
        if isinstance(event, Failed):
            return event.message
        if isinstance(event, Fetched):
            # Two slots may fetch it at the same time: each under a name of its own first.
            own = target.with_name(f".{uuid.uuid4().hex}")
            store_file(runner.folder / "fetched" / "file", own, heartbeat)
            own.replace(target)
            return ""
    return f"No data received for {STALL_SECONDS} seconds."
