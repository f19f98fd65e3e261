"""The tables of Optuna's RDBStorage in a SQLite file, as Optuna 3.2 and later have them."""

import json
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .distributions import read_distribution
from .study import BadStorage, State, Study, StudyTrial

MAGIC = b"SQLite format 3\0"
# Of the tables: Optuna refuses files that name others.
SCHEMA_VERSION, REVISION, LIBRARY = 12, "v3.2.0.a", "5.0.0"
# Of one text in a stranger's file, and how long one statement may take: in steps of SQLite.
MAX_TEXT = 4 * 1024 * 1024
_STEPS, MAX_CALLS = 1_000_000, 5_000

_ATTRIBUTES = """CREATE TABLE {of}_{kind}_attributes (
    {of}_{kind}_attribute_id INTEGER NOT NULL, {of}_id INTEGER, "key" VARCHAR(512),
    value_json TEXT, PRIMARY KEY ({of}_{kind}_attribute_id), UNIQUE ({of}_id, "key"),
    FOREIGN KEY({of}_id) REFERENCES {table} ({of}_id))"""
SCHEMA = [
    """CREATE TABLE studies (
        study_id INTEGER NOT NULL, study_name VARCHAR(512) NOT NULL, PRIMARY KEY (study_id))""",
    "CREATE UNIQUE INDEX ix_studies_study_name ON studies (study_name)",
    """CREATE TABLE version_info (
        version_info_id INTEGER NOT NULL, schema_version INTEGER, library_version VARCHAR(256),
        PRIMARY KEY (version_info_id), CHECK (version_info_id=1))""",
    """CREATE TABLE study_directions (
        study_direction_id INTEGER NOT NULL, direction VARCHAR(8) NOT NULL,
        study_id INTEGER NOT NULL, objective INTEGER NOT NULL,
        PRIMARY KEY (study_direction_id), UNIQUE (study_id, objective),
        FOREIGN KEY(study_id) REFERENCES studies (study_id))""",
    *(_ATTRIBUTES.format(of="study", kind=kind, table="studies") for kind in ("user", "system")),
    """CREATE TABLE trials (
        trial_id INTEGER NOT NULL, number INTEGER, study_id INTEGER, state VARCHAR(8) NOT NULL,
        datetime_start DATETIME, datetime_complete DATETIME, PRIMARY KEY (trial_id),
        FOREIGN KEY(study_id) REFERENCES studies (study_id))""",
    "CREATE INDEX ix_trials_study_id ON trials (study_id)",
    *(_ATTRIBUTES.format(of="trial", kind=kind, table="trials") for kind in ("user", "system")),
    """CREATE TABLE trial_params (
        param_id INTEGER NOT NULL, trial_id INTEGER, param_name VARCHAR(512), param_value FLOAT,
        distribution_json TEXT, PRIMARY KEY (param_id), UNIQUE (trial_id, param_name),
        FOREIGN KEY(trial_id) REFERENCES trials (trial_id))""",
    """CREATE TABLE trial_values (
        trial_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL, objective INTEGER NOT NULL,
        value FLOAT, value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_value_id),
        UNIQUE (trial_id, objective), FOREIGN KEY(trial_id) REFERENCES trials (trial_id))""",
    """CREATE TABLE trial_intermediate_values (
        trial_intermediate_value_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
        step INTEGER NOT NULL, intermediate_value FLOAT,
        intermediate_value_type VARCHAR(7) NOT NULL, PRIMARY KEY (trial_intermediate_value_id),
        UNIQUE (trial_id, step), FOREIGN KEY(trial_id) REFERENCES trials (trial_id))""",
    """CREATE TABLE trial_heartbeats (
        trial_heartbeat_id INTEGER NOT NULL, trial_id INTEGER NOT NULL,
        heartbeat DATETIME NOT NULL, PRIMARY KEY (trial_heartbeat_id), UNIQUE (trial_id),
        FOREIGN KEY(trial_id) REFERENCES trials (trial_id))""",
    """CREATE TABLE alembic_version (
        version_num VARCHAR(32) NOT NULL,
        CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))""",
]
_DIRECTIONS = {"max": "MAXIMIZE", "min": "MINIMIZE"}
_READ = {stored: direction for direction, stored in _DIRECTIONS.items()}
# What is read, so that a view under such a name is refused.
_TABLES = (
    "studies", "study_directions", "study_user_attributes", "study_system_attributes", "trials",
    "trial_user_attributes", "trial_system_attributes", "trial_params", "trial_values",
    "trial_intermediate_values",
)  # fmt: skip


class Writer:
    """Fills a new file. Trials are written as they come, so that any number of them fit."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path)
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", *SCHEMA):
            self._database.execute(statement)
        self._add("version_info", 1, SCHEMA_VERSION, LIBRARY)
        self._database.execute("INSERT INTO alembic_version VALUES (?)", [REVISION])
        self._studies = self._trials = 0

    def add(self, study: Study, trials: Iterable[StudyTrial]) -> Iterator[int]:
        """Write a study, a trial for each number that is asked for."""
        self._studies += 1
        self._add("studies", self._studies, study.name)
        for place, direction in enumerate(study.directions):
            self._add("study_directions", None, _DIRECTIONS[direction], self._studies, place)
        self._attributes("study", self._studies, study.user_attrs, study.system_attrs)
        for number, trial in enumerate(trials):
            self._add_trial(number, trial)
            yield number

    def close(self) -> None:
        self._database.commit()
        self._database.close()

    def _add_trial(self, number: int, trial: StudyTrial) -> None:
        self._trials += 1
        key = self._trials
        times = _stored_time(trial.started), _stored_time(trial.finished)
        self._add("trials", key, number, self._studies, trial.state.value, *times)
        for place, value in enumerate(trial.values):
            self._add("trial_values", None, key, place, *_stored_number(value))
        for step, reported in sorted(trial.intermediate.items()):
            self._add("trial_intermediate_values", None, key, step, *_stored_number(reported))
        for name, chosen in trial.params.items():
            about = trial.distributions[name]
            self._add("trial_params", None, key, name, about.stored(chosen), about.text)
        self._attributes("trial", key, trial.user_attrs, trial.system_attrs)

    def _attributes(self, of: str, key: int, user: dict[str, Any], system: dict[str, Any]) -> None:
        for kind, attributes in (("user", user), ("system", system)):
            for name, value in attributes.items():
                self._add(f"{of}_{kind}_attributes", None, key, name, json.dumps(value))

    def _add(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self._database.execute(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608


class Reader:
    """A stranger's file. It is only read, no code in it runs, and each statement has an end."""

    def __init__(self, path: Path) -> None:
        """Raises BadStorage."""
        calls = 0

        def count() -> int:
            nonlocal calls
            calls += 1
            return calls > MAX_CALLS

        with _readable():
            address = f"file:{path.resolve()}?mode=ro&immutable=1"
            self._database = sqlite3.connect(address, uri=True)
            self._database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_TEXT)
            self._database.set_progress_handler(count, _STEPS)
            for pragma in ("trusted_schema=OFF", "query_only=ON", "cell_size_check=ON"):
                self._database.execute(f"PRAGMA {pragma}")
            self._database.text_factory = _text
            found = self._rows("SELECT name, type FROM sqlite_master WHERE type IN (?, ?)",
                               "table", "view")  # fmt: skip
            kinds = dict(found)
        if any(kinds.get(name) != "table" for name in _TABLES):
            raise BadStorage(
                "The SQLite file is not an Optuna storage, or Optuna before 3.0 wrote it. "
                "“optuna storage upgrade” converts older ones."
            )

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def studies(self) -> list[tuple[int, str, int]]:
        """Key, name and number of trials of each, in the order of their creation."""
        with _readable():
            found = self._rows(
                "SELECT s.study_id, s.study_name, (SELECT COUNT(*) FROM trials t"
                " WHERE t.study_id = s.study_id) FROM studies s ORDER BY s.study_id"
            )
            return [(int(key), str(name), int(count)) for key, name, count in found]

    def study(self, key: int, report: Callable[[float], None]) -> Study:
        """A study with its trials. Raises BadStorage."""
        with _readable():
            return self._study(key, report)

    def _study(self, key: int, report: Callable[[float], None]) -> Study:
        [(name,)] = self._rows("SELECT study_name FROM studies WHERE study_id = ?", key)
        directions = self._rows(
            "SELECT direction FROM study_directions WHERE study_id = ? ORDER BY objective", key
        )
        study = Study(str(name), [_READ.get(str(way), "") for (way,) in directions])
        for kind, target in (("user", study.user_attrs), ("system", study.system_attrs)):
            for attribute, text in self._rows(
                f'SELECT "key", value_json FROM study_{kind}_attributes'  # noqa: S608
                " WHERE study_id = ?", key,
            ):  # fmt: skip
                target[str(attribute)] = _document(text)
        trials = {
            int(row): StudyTrial(State(state), started=_time(start), finished=_time(end))
            for row, state, start, end in self._rows(
                "SELECT trial_id, state, datetime_start, datetime_complete FROM trials"
                " WHERE study_id = ? ORDER BY number, trial_id", key,
            )
        }  # fmt: skip
        parts = (self._values, self._intermediate, self._params, self._attributes)
        for done, part in enumerate(parts, 1):
            part(key, trials)
            report(done / len(parts))
        study.trials = list(trials.values())
        return study

    def _values(self, key: int, trials: dict[int, StudyTrial]) -> None:
        for trial, value, kind in self._of_trials(
            "trial_values", "value, p.value_type", key, "objective"
        ):
            trials[trial].values.append(_number(value, kind))

    def _intermediate(self, key: int, trials: dict[int, StudyTrial]) -> None:
        columns = "step, p.intermediate_value, p.intermediate_value_type"
        for trial, step, value, kind in self._of_trials(
            "trial_intermediate_values", columns, key, "step"
        ):
            trials[trial].intermediate[int(step)] = _number(value, kind)

    def _params(self, key: int, trials: dict[int, StudyTrial]) -> None:
        known: dict[str, Any] = {}
        columns = "param_name, p.param_value, p.distribution_json"
        for trial, name, value, text in self._of_trials("trial_params", columns, key, "param_id"):
            if text not in known:
                known[text] = read_distribution(text)
            trials[trial].distributions[str(name)] = known[text]
            trials[trial].params[str(name)] = known[text].value(float(value))

    def _attributes(self, key: int, trials: dict[int, StudyTrial]) -> None:
        for kind in ("user", "system"):
            for trial, name, text in self._of_trials(
                f"trial_{kind}_attributes", '"key", p.value_json', key, f"trial_{kind}_attribute_id"
            ):
                getattr(trials[trial], f"{kind}_attrs")[str(name)] = _document(text)

    def _of_trials(self, table: str, columns: str, key: int, order: str) -> Iterator[Any]:
        return self._rows(
            f"SELECT p.trial_id, p.{columns} FROM {table} p JOIN trials t USING (trial_id)"  # noqa: S608
            f" WHERE t.study_id = ? ORDER BY p.trial_id, p.{order}", key,
        )  # fmt: skip

    def _rows(self, statement: str, *values: Any) -> Iterator[Any]:
        return iter(self._database.execute(statement, values))


class _readable:  # noqa: N801
    """What a damaged file does becomes BadStorage."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        causes = (sqlite3.Error, ValueError, TypeError, KeyError, OverflowError, RecursionError)
        if isinstance(error, causes) and not isinstance(error, BadStorage):
            raise BadStorage(f"The SQLite file is damaged: {error}.") from error


def _stored_number(value: float | None) -> tuple[float | None, str]:
    """The number and its type: SQL has neither NaN nor infinity."""
    return (None, "NAN") if value is None or not math.isfinite(value) else (value, "FINITE")


def _number(value: Any, kind: Any) -> float | None:
    return float(value) if kind == "FINITE" and value is not None else None


def _stored_time(seconds: float) -> str | None:
    moment = datetime.fromtimestamp(seconds, UTC) if seconds else None
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f") if moment else None


def _time(text: Any) -> float:
    """Optuna writes the local time of a machine that nobody knows: it is read as UTC."""
    if not isinstance(text, str):
        return 0.0
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def _document(text: Any) -> Any:
    return json.loads(text) if isinstance(text, str) else None


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
