"""Whether a joined machine's worker may run a statement, by the table in `models/worker_rights.py`.

PostgreSQL decides in production (`tests/system/test_joining.py`); this compares all statements that
the tests of this package have the worker run, on SQLite, where they cost nothing."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

from tuning.models.worker_rights import ALL, Rights, rights_by_table

_TESTS = str(Path(__file__).parent)
_PACKAGE = str(Path(__file__).parents[2] / "tuning/supervisor") + "/"
# What joined machines leave to the site's (`supervisor/housekeeping.py`), and set-up.
_OF_THE_SITE = {
    f"{_PACKAGE}{name}.py"
    for name in ("digests", "housekeeping", "mails", "notifying", "preparation", "webhooks")
}
_SOURCES = re.compile(r'(?:FROM|JOIN|INTO|UPDATE) "(\w+)"(?: "?([A-Z]\d+)"?)?')
_VERB = re.compile(
    r'\s*(?:SELECT|(INSERT)(?: OR \w+)? INTO "(\w+)"|(UPDATE|DELETE)(?: FROM)? "(\w+)")'
)
_SET = re.compile(r'"(\w+)" = ')
_COLUMN = re.compile(r'"?(\w+)"?\."(\w+)"')

rights = cache(rights_by_table)


def is_worker_s() -> bool:
    """Whether code of a worker runs the statement."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        # What a test does in the middle of a trial is a person's or the site's.
        if name in _OF_THE_SITE or (name.startswith(_TESTS) and name != __file__):
            return False
        if name.startswith(_PACKAGE):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def refused(statement: str) -> list[str]:
    """What the statement does without the right to, as sentences."""
    found = _VERB.match(statement)
    if not found:
        return []
    verb, changed = found[1] or found[3] or "", found[2] or found[4] or ""
    problems = []
    allowed = rights().get(changed, Rights())
    if (verb == "INSERT" and not allowed.insert) or (verb == "DELETE" and not allowed.delete):
        problems.append(f"{verb} on {changed}")
    if verb == "UPDATE" and allowed.update != ALL:
        head = statement.split(" WHERE ", 1)[0]
        problems += [
            f"UPDATE of {changed}.{column}"
            for column in _SET.findall(head)
            if column not in allowed.update
        ]
    names = {}
    for table, alias in _SOURCES.findall(statement):
        names[alias or table] = table
        if table != changed and table in rights() and not rights()[table].select:
            problems.append(f"SELECT on {table}")
    for name, column in _COLUMN.findall(statement):
        readable = rights()[names[name]].select if names.get(name) in rights() else ALL
        if readable != ALL and column not in readable:
            problems.append(f"SELECT of {names[name]}.{column}")
    return problems


def checking(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    """A wrapper for Django's connections."""
    if is_worker_s() and (problems := refused(sql)):
        raise AssertionError(f"A joined machine's worker may not: {', '.join(problems)}\n{sql}")
    return execute(sql, params, many, context)
