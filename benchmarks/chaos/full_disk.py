"""A disk that is full at each kind of write: a small tmpfs, with less and less room.

    python -m benchmarks.chaos.full_disk FOLDER

Where mounting is refused, nothing is measured, and the page says so.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.programs import program

from .jobs import prepared
from .outcome import Outcome
from .programs_of_their_own import run_module

DISK = "96m"
ELSEWHERE = tempfile.gettempdir()
# What is left free, from nothing on: each job meets the end of the disk at other writes.
ROOMS = (0, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@contextmanager
def small_disk() -> Iterator[Path]:
    """Raises OSError where mounting is refused."""
    with tempfile.TemporaryDirectory(prefix="tuneroom-disk-") as folder:
        command = [program("mount"), "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", folder]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            raise OSError("Mounting a tmpfs was refused.")
        try:
            yield Path(folder)
        finally:
            subprocess.run([program("umount"), "--lazy", folder], check=True)


def full_disk() -> Outcome:
    with ExitStack() as stack:
        try:
            disk = stack.enter_context(small_disk())
        except OSError as error:
            return Outcome({"not measured": str(error)})
        found = run_module("benchmarks.chaos.full_disk", folder=disk, DISK_FLOOR_MB="0")
    figures = {job: told["full"] for job, told in found.items()}
    figures |= {
        f"wrong after {job}": "; ".join(told["wrong"])[:500]
        for job, told in found.items()
        if told["wrong"]
    }
    return Outcome(
        figures,
        {
            f"{job}: done once there is room, nothing half-written": not told["wrong"]
            for job, told in found.items()
        },
    )


def main(folder: Path) -> None:
    filler, found = folder / "filler", {}
    with tempfile.TemporaryDirectory(dir=ELSEWHERE) as elsewhere:
        for each in prepared(Path(elsewhere)):
            full, wrong = 0, []
            for room in ROOMS:
                full += bool(each.disturb(partial(_on_a_full_disk, filler, room, each.job.run)))
                filler.unlink(missing_ok=True)
                wrong += [f"{room} KB: {one[-300:]}" for one in each.wrong_afterwards()]
            broke_off = f"{full} of {len(ROOMS)} runs broke off"
            found[each.job.name] = {"full": broke_off, "wrong": wrong}
    print(json.dumps(found))


def _on_a_full_disk(filler: Path, room: int, run: Callable[[], None]) -> None:
    from django.db import connection

    from tuning.supervisor import supervise

    # How long a supervisor waits for its database; nobody makes room meanwhile.
    supervise.FENCE = 0.5
    # As a worker has it that has been running: opening it needs room.
    connection.ensure_connection()
    fill(filler, room)
    run()


def fill(filler: Path, kilobytes: int) -> None:
    """Leave so much room, to the page."""
    free = os.statvfs(filler.parent).f_bavail * os.statvfs(filler.parent).f_frsize
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - kilobytes * 1024))


if __name__ == "__main__":
    from .programs_of_their_own import set_up

    main(set_up(sys.argv[1]))
