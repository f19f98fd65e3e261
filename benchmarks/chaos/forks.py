"""Parts of a scenario as forks of one process that has loaded everything: milliseconds each."""

import os
import shutil
import signal
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

KILLED = -signal.SIGKILL


def forked(task: Callable[[], None], log: Path | None = None) -> int:
    """The exit status of a child that did this: 0, 1 after an exception, which it writes down, or
    minus the signal that killed it."""
    return _status(_fork(task, log))


def side_by_side(tasks: Sequence[Callable[[], None]]) -> list[int]:
    """Their exit statuses, when all have ended."""
    children = [_fork(task, None) for task in tasks]
    return [_status(child) for child in children]


def _fork(task: Callable[[], None], log: Path | None) -> int:
    from django.db import connections

    # Not shared with the child.
    connections.close_all()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        task()
        status = 0
    except BaseException:  # noqa: BLE001  whatever it is, the parent goes on
        if log:
            log.write_text(traceback.format_exc())
    finally:
        os._exit(status)


def _status(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def told(task: Callable[[], list[str]], file: Path) -> list[str]:
    """The sentences that a child found, or how it ended."""

    def write() -> None:
        file.write_text("\n".join(task()))

    log = file.with_suffix(".log")
    status = forked(write, log)
    if status == 1:
        return [log.read_text()]
    return file.read_text().splitlines() if status == 0 else [f"ended by signal {-status}"]


def copy_folder(source: Path, target: Path) -> None:
    """Its content replaces what the target has."""
    for old in target.iterdir() if target.exists() else ():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
