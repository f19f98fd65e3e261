"""What is written in Optuna's formats is what Optuna reads, and comes back as it was."""

import math
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from tuning.optunafiles import sqlite
from tuning.optunafiles.distributions import (
    CATEGORICAL,
    FLOAT,
    INT,
    Distribution,
    read_distribution,
)
from tuning.optunafiles.journal import journal_lines, read_journal
from tuning.optunafiles.study import METRIC_NAMES, State, Study, StudyTrial

NUMBERS = st.floats(-1e6, 1e6)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(["loss", "note", "ünï"]), NUMBERS | st.text(max_size=5)
)
RANGES = {
    "units": Distribution(INT, 8, 64, 8),
    "rate": Distribution(FLOAT, 1e-5, 1.0, None, log=True),
    "act": Distribution(CATEGORICAL, choices=("relu", None, True, 1.5)),
}
VALUES = {
    "units": st.integers(1, 8).map(lambda place: place * 8),
    "rate": st.floats(1e-5, 1.0),
    "act": st.sampled_from(RANGES["act"].choices),
}


@st.composite
def trials(draw: Any, objectives: int) -> StudyTrial:
    state = draw(st.sampled_from(State))
    params = draw(st.fixed_dictionaries({}, optional=VALUES))
    finished = state not in (State.RUNNING, State.WAITING)
    values = [draw(NUMBERS) for _ in range(objectives)] if state == State.COMPLETE else []
    # Optuna lets a trial report only where there is one objective.
    steps = st.dictionaries(st.integers(0, 50), NUMBERS | st.none(), max_size=4)
    return StudyTrial(
        state, values, params, {name: RANGES[name] for name in params},
        intermediate=draw(steps) if objectives == 1 else {},
        user_attrs=draw(ATTRIBUTES),
        system_attrs=draw(st.fixed_dictionaries({}, optional={"constraints:size": NUMBERS})),
        started=0.0 if state == State.WAITING else 1_790_000_000.25,
        finished=1_790_000_100.5 if finished else 0.0,
    )  # fmt: skip


@st.composite
def studies(draw: Any, name: str) -> Study:
    directions = draw(st.lists(st.sampled_from(["min", "max"]), min_size=1, max_size=3))
    named = [f"metric {place}" for place in range(len(directions))]
    system = draw(st.sampled_from([{}, {METRIC_NAMES: named}]))
    found = draw(st.lists(trials(len(directions)), max_size=3))
    return Study(name, directions, draw(ATTRIBUTES), system, found)


def write_sqlite(path: Path, all_of: list[Study]) -> None:
    path.unlink(missing_ok=True)
    writer = sqlite.Writer(path)
    for study in all_of:
        assert list(writer.add(study, study.trials)) == list(range(len(study.trials)))
    writer.close()


def write_journal(path: Path, all_of: list[Study]) -> None:
    lines = [
        line for n, study in enumerate(all_of) for line in journal_lines(n, study, study.trials)
    ]
    path.write_bytes(b"".join(lines))


def same_as_optunas(ours: Study, theirs: optuna.Study) -> None:
    ways = {"MAXIMIZE": "max", "MINIMIZE": "min"}
    assert ours.directions == [ways[direction.name] for direction in theirs.directions]
    assert ours.user_attrs == theirs.user_attrs
    assert len(ours.trials) == len(theirs.trials)
    for number, (trial, other) in enumerate(zip(ours.trials, theirs.trials, strict=True)):
        assert (other.number, other.state.name) == (number, trial.state.value)
        assert (other.values or []) == trial.values
        assert other.params == trial.params
        assert {type(value) for value in other.params.values()} == {
            type(value) for value in trial.params.values()
        }
        assert other.user_attrs == trial.user_attrs
        reported = {
            step: None if math.isnan(value) else value
            for step, value in other.intermediate_values.items()
        }
        assert reported == trial.intermediate
        assert {k: f"{v}" for k, v in other.distributions.items()} == {
            name: f"{optuna.distributions.json_to_distribution(about.text)}"
            for name, about in trial.distributions.items()
        }
        assert (other.datetime_start is None) == (trial.started == 0)


@pytest.mark.slow
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.tuples(studies("one"), studies("two")))
def test_optuna_reads_what_is_written_and_it_comes_back(
    tmp_path_factory: Any, all_of: tuple[Study, Study]
) -> None:
    folder = tmp_path_factory.mktemp("optuna")
    write_sqlite(folder / "study.db", list(all_of))
    write_journal(folder / "study.log", list(all_of))
    # A storage that does not check would not notice what Optuna refuses.
    database = RDBStorage(f"sqlite:///{folder}/study.db", skip_table_creation=True)
    journal = JournalStorage(JournalFileBackend(f"{folder}/study.log"))
    for storage in (database, journal):
        assert optuna.get_all_study_names(storage) == ["one", "two"]
        for study in all_of:
            same_as_optunas(study, optuna.load_study(study_name=study.name, storage=storage))
    database.engine.dispose()
    with sqlite.Reader(folder / "study.db") as reader:
        back = [reader.study(key, lambda _: None) for key, _, _ in reader.studies()]
    assert back == list(all_of)
    assert read_journal(folder / "study.log", lambda _: None) == list(all_of)


def test_the_tables_are_optunas(tmp_path: Path) -> None:
    write_sqlite(tmp_path / "ours.db", [])
    storage = RDBStorage(f"sqlite:///{tmp_path}/theirs.db")
    storage.engine.dispose()
    found = []
    for name in ("ours.db", "theirs.db"):
        with sqlite3.connect(tmp_path / name) as database:
            rows = database.execute("SELECT name, sql FROM sqlite_master").fetchall()
            heads = database.execute("SELECT version_num, schema_version, library_version FROM "
                                     "alembic_version, version_info").fetchall()  # fmt: skip
        database.close()
        found.append(({name: "".join(sql.split()) for name, sql in rows if sql}, heads))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (optuna.distributions.FloatDistribution(0, 1, step=0.25), Distribution(FLOAT, 0, 1, 0.25)),
        (optuna.distributions.IntDistribution(1, 9, log=True), Distribution(INT, 1, 9, 1, True)),
        (optuna.distributions.CategoricalDistribution([1, "a"]),
         Distribution(CATEGORICAL, choices=(1, "a"))),
    ],
)  # fmt: skip
def test_distributions_are_read_as_optuna_writes_them(theirs: Any, ours: Distribution) -> None:
    text = optuna.distributions.distribution_to_json(theirs)
    assert read_distribution(text) == ours
    assert optuna.distributions.json_to_distribution(ours.text) == theirs


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ('{"name": "LogUniformDistribution", "attributes": {"low": 0.1, "high": 1.0}}',
         Distribution(FLOAT, 0.1, 1.0, None, True)),
        ('{"name": "DiscreteUniformDistribution", "attributes": {"low": 0, "high": 1, "q": 0.5}}',
         Distribution(FLOAT, 0, 1, 0.5)),
        ('{"name": "IntUniformDistribution", "attributes": {"low": 1, "high": 9, "step": 2}}',
         Distribution(INT, 1, 9, 2)),
    ],
)  # fmt: skip
def test_older_distributions_are_known(text: str, ours: Distribution) -> None:
    assert read_distribution(text) == ours


@pytest.mark.parametrize(
    "text", ["", "[]", "null", '{"name": "IntDistribution", "attributes": {"low": 1}}',
             '{"name": "Other", "attributes": {}}',
             '{"name": "CategoricalDistribution", "attributes": {"choices": []}}'],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_distribution(text)
