"""`kill -9` at every commit boundary: before and after each commit, after each write outside a
transaction, before each file is opened for writing, renamed, linked or removed.

    python -m benchmarks.chaos.boundaries FOLDER

Prints a JSON object for each job: how many boundaries it has, and what was wrong after which.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .forks import KILLED, copy_folder, forked, told
from .outcome import Outcome
from .programs_of_their_own import run_module

# No job has so many: a counter that does not stop would run for ever.
MAX = 2000


class Boundaries:
    """Counts what was passed; ends the process at the fatal one."""

    def __init__(self, fatal: int) -> None:
        self.passed, self.fatal = 0, fatal

    def reach(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """From now on, in this process, for good."""
        from django.db.backends.signals import connection_created
        from django.db.backends.sqlite3.base import DatabaseWrapper

        commit = DatabaseWrapper._commit

        def watched(database: Any) -> Any:
            self.reach()
            result = commit(database)
            self.reach()
            return result

        DatabaseWrapper._commit = watched
        connection_created.connect(lambda connection, **_: connection.execute_wrappers.append(
            self._write), weak=False)  # fmt: skip
        sys.addaudithook(self._touch)

    def _touch(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Files: before each is opened for writing, gets a name, or goes."""
        writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.link", "os.remove"):
            self.reach()

    def _write(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        result = execute(sql, params, many, context)
        if not context["connection"].in_atomic_block and sql.startswith(
            ("INSERT", "UPDATE", "DELETE")
        ):
            self.reach()
        return result


def boundaries() -> Outcome:
    found = run_module("benchmarks.chaos.boundaries")
    wrong = {job: told["wrong"] for job, told in found.items()}
    figures = {f"boundaries of {job}": told["boundaries"] for job, told in found.items()}
    figures |= {"kills": sum(told["boundaries"] for told in found.values())}
    figures |= {f"wrong after {job}": "; ".join(said)[:500] for job, said in wrong.items() if said}
    return Outcome(
        figures, {f"{job}: nothing lost, doubled or left": not said for job, said in wrong.items()}
    )


def main(folder: Path) -> None:
    from django.conf import settings

    from .jobs import JOBS, load, start_from

    load()
    data = Path(settings.DATA_ROOT)
    calm, base, log, said = (folder / name for name in ("calm", "base", "log", "said"))
    copy_folder(data, calm)
    found = {}
    for job in JOBS:
        job.load()
        start_from(calm)
        if forked(job.prepare, log):
            raise SystemExit(f"{job.name}:\n{log.read_text()}")
        copy_folder(data, base)
        expected = told(job.in_peace, said)
        wrong: list[str] = []
        for fatal in range(1, MAX, job.stride):
            start_from(base)
            status = forked(partial(_disturbed, job.run, fatal), log)
            if status not in (0, KILLED):
                wrong.append(f"at {fatal}: {log.read_text()[-300:]}")
            sentences = told(partial(job.recover, expected), said)
            wrong += [f"after {fatal}: {each[-300:]}" for each in sentences]
            if status == 0:
                break
        found[job.name] = {"boundaries": fatal // job.stride, "wrong": wrong}
    print(json.dumps(found))


def _disturbed(run: Callable[[], None], fatal: int) -> None:
    Boundaries(fatal).watch()
    run()


if __name__ == "__main__":
    from .programs_of_their_own import set_up

    main(set_up(sys.argv[1]))
