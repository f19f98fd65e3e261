"""A worker for as long as a command runs, where none is online."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings

from tuning.models import Worker

STOP_SECONDS = 15


@contextmanager
def temporary_worker(say: Callable[[str], None]) -> Iterator[None]:
    """Use a worker that is online, else bring one and end it afterwards."""
    if Worker.objects.available().exists():
        yield
        return
    from tuning.supervisor.slots import slot_count

    log_path = settings.DATA_ROOT / "tune-worker.log"
    say(f"No worker is available. Starting one (log: {log_path})")
    command = [
        sys.executable, "-m", "celery", "--app", "webapp", "worker", "--pool", "threads",
        "--concurrency", str(slot_count() + 1), "--hostname", f"tune-{os.getpid()}@%h",
    ]  # fmt: skip
    # The worker ends by itself when this process is gone, however it ended.
    environment = {
        **os.environ,
        "TUNEROOM_WORKER_PARENT": str(os.getpid()),
        # Whoever stops the command waits for it.
        "DRAIN_SECONDS": "0",
    }
    with log_path.open("wb") as log:
        worker = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the command; it ends its worker when its search has ended.
            start_new_session=True,
        )
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
