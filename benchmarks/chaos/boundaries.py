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

from .forks import KILLED
from .jobs import Prepared, prepared
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
    print(json.dumps({each.job.name: kill_at_each(each) for each in prepared(folder)}))


def kill_at_each(each: Prepared) -> dict[str, Any]:
    kills, wrong = 0, []
    for fatal in range(1, MAX, each.job.stride):
        status = each.disturb(partial(_disturbed, each.job.run, fatal))
        if status not in (0, KILLED):
            wrong.append(f"at {fatal}: {each.log.read_text()[-300:]}")
        wrong += [f"after {fatal}: {sentence[-300:]}" for sentence in each.wrong_afterwards()]
        if status == 0:
            break
        kills += 1
    else:
        wrong.append(f"not at its end after {MAX} boundaries")
    return {"boundaries": kills, "wrong": wrong}


def _disturbed(run: Callable[[], None], fatal: int) -> None:
    Boundaries(fatal).watch()
    run()


if __name__ == "__main__":
    from .programs_of_their_own import set_up

    main(set_up(sys.argv[1]))
