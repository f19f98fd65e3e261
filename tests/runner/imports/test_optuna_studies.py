"""Studies that the real Optuna wrote, as searches; and one sentence for files that are none."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from tuning.optunafiles import sqlite
from tuning.protocol.constraints import Constraint
from tuning.protocol.events import IMPORTED, FoundStudies, FoundTrial, Imported, decode_event
from tuning.protocol.objectives import Objective
from tuning.protocol.orders import ImportOrder
from tuning.runner.failures import BadData
from tuning.runner.imports.importing import import_search
from tuning.spaces.hyperparameters import read_space

MB = 1024 * 1024
optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(name: str, **order: Any) -> tuple[Any, list[FoundTrial]]:
    """What the runner tells, as its supervisor reads it."""
    Path(IMPORTED).unlink(missing_ok=True)
    events: list[Any] = []
    import_search(ImportOrder(name, name, 64 * MB, **order), events.append)
    lines = Path(IMPORTED).read_bytes().splitlines() if Path(IMPORTED).exists() else []
    return events[-1], [decode_event(line) for line in lines]  # type: ignore[misc]


def refusal(name: str, content: bytes) -> str:
    Path(name).write_bytes(content)
    with pytest.raises(BadData) as caught:
        read(name)
    return str(caught.value)


def classifier(trial: optuna.Trial) -> float:
    """Conditions on a choice, on a choice below it and on a number; all ends of a trial."""
    layers = trial.suggest_int("layers", 1, 3)
    for layer in range(layers):
        trial.suggest_int(f"units_{layer}", 8, 64, step=8)
    if trial.suggest_categorical("model", ["svm", "net"]) == "svm":
        if trial.suggest_categorical("kernel", ["rbf", "poly"]) == "poly":
            trial.suggest_int("degree", 2, 5)
        trial.suggest_float("c", 1e-5, 1.0, log=True)
    trial.set_user_attr("auc", 0.5 + trial.number / 100)
    trial.set_user_attr("note", "by hand")
    trial.report(0.25, 0)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ValueError
    trial.report(float("nan"), 1)
    trial.report(trial.number / 100, 2)
    return trial.number / 100


def make(storage: Any, trials: int = 24) -> optuna.Study:
    sampler = optuna.samplers.RandomSampler(seed=3)
    study = optuna.create_study(
        study_name="svm or net", storage=storage, direction="maximize", sampler=sampler
    )
    study.set_user_attr("paper", "A")
    study.optimize(classifier, n_trials=trials, catch=(ValueError,))
    study.ask()
    study.enqueue_trial({"layers": 1})
    return study


@pytest.fixture(scope="module")
def in_memory() -> optuna.Study:
    return make(None)


@pytest.fixture(scope="module")
def database_file(in_memory: optuna.Study, tmp_path_factory: Any) -> Path:
    """Optuna takes seconds to write one."""
    path: Path = tmp_path_factory.mktemp("optuna") / "study.db"
    write(str(path), in_memory)
    return path


def write(name: str, study: optuna.Study) -> None:
    if name.endswith(".csv"):
        study.trials_dataframe().to_csv(name)
    elif name.endswith(".db"):
        storage = RDBStorage(f"sqlite:///{name}")
        optuna.copy_study(
            from_study_name=study.study_name, from_storage=study._storage, to_storage=storage
        )
        storage.engine.dispose()
    else:
        optuna.copy_study(
            from_study_name=study.study_name, from_storage=study._storage,
            to_storage=JournalStorage(JournalFileBackend(name)),
        )  # fmt: skip


CONDITIONS = {
    "units_1": [("layers", [2, 3])], "units_2": [("layers", [3])], "kernel": [("model", ["svm"])],
    "c": [("model", ["svm"])], "degree": [("kernel", ["poly"])],
}  # fmt: skip


@pytest.mark.parametrize("name", ["study.db", "study.log", "study.csv"])
def test_a_study_becomes_a_search(name: str, in_memory: optuna.Study, database_file: Path) -> None:
    if name == "study.db":
        shutil.copy(database_file, name)
    else:
        write(name, in_memory)
    direction = "max" if name.endswith(".csv") else ""
    imported, trials = read(name, direction=direction, objective="value" if direction else "")
    assert isinstance(imported, Imported)
    assert (imported.origin, imported.objective, imported.direction) == ("optuna", "value", "max")
    assert imported.name == ("study" if direction else "svm or net")
    assert imported.description == ("" if direction else "paper: A")
    space = {entry["config"]["name"]: entry for entry in imported.space["space"]}
    found = {
        name: [(c["config"]["name"], c["config"]["values"]) for c in entry["config"]["conditions"]]
        for name, entry in space.items()
    }
    assert {name: conditions for name, conditions in found.items() if conditions} == CONDITIONS
    assert space["c"]["config"]["sampling"] == "log"
    # The queued one is no trial yet.
    assert len(trials) == imported.trials == 25
    assert [t.status for t in trials[:4]] == ["completed", "pruned", "failed", "completed"]
    for trial, theirs in zip(trials, in_memory.trials, strict=False):
        assert trial.values == theirs.params
        types = {name: type(value) for name, value in theirs.params.items()}
        assert {name: type(value) for name, value in trial.values.items()} == types
    fourth = trials[3]
    assert fourth.metrics == {"value": 0.03, "auc": 0.53}
    assert fourth.log == "note: by hand"
    assert fourth.finished >= fourth.started > 0
    assert (trials[24].status, trials[24].lost) == ("failed", True)
    if direction:
        return
    assert space["units_0"]["config"]["step"] == 8
    assert (space["c"]["config"]["min_value"], space["c"]["config"]["max_value"]) == (1e-5, 1.0)
    epochs = [(epoch.epoch, epoch.metrics) for epoch in fourth.epochs]
    assert epochs == [(1, {"value": 0.25}), (2, {"value": None}), (3, {"value": 0.03})]


def test_a_journal_as_workers_write_it_is_replayed() -> None:
    """Operation by operation, with what Optuna refuses: changes of trials that have ended."""
    study = make(JournalStorage(JournalFileBackend("study.log")), trials=4)
    lines = Path("study.log").read_bytes()
    late = b'{"op_code":8,"worker_id":"x","trial_id":0,"user_attr":{"auc":9}}\n'
    Path("study.log").write_bytes(lines + late + b'{"op_code":6,"wor')
    imported, trials = read("study.log")
    assert imported.trials == 5
    assert [trial.values for trial in trials] == [t.params for t in study.trials[:5]]
    assert trials[0].metrics["auc"] == 0.5


def test_a_value_without_a_name_can_be_given_one(in_memory: optuna.Study) -> None:
    write("study.log", in_memory)
    imported, trials = read("study.log", value_name="val_accuracy")
    assert (imported.objective, trials[3].metrics["val_accuracy"]) == ("val_accuracy", 0.03)


def test_a_table_does_not_say_which_way(in_memory: optuna.Study) -> None:
    write("study.csv", in_memory)
    imported, trials = read("study.csv")
    assert (imported.objective, imported.proposed, trials) == ("", "value", [])
    # Unless the name of the metric does.
    imported, trials = read("study.csv", value_name="val_loss")
    assert (imported.objective, imported.direction, len(trials)) == ("val_loss", "min", 25)


def several(trial: optuna.Trial) -> tuple[float, float]:
    x = trial.suggest_float("x", 0.0, 1.0)
    trial.set_constraint("size", x - 0.5)
    return x, 1.0 - x


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_several_objectives_and_constraints() -> None:
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(directions=["maximize", "minimize"], sampler=sampler)
    study.set_metric_names(["accuracy", "seconds"])
    study.optimize(several, n_trials=6)
    write("study.log", study)
    imported, trials = read("study.log")
    assert (imported.objective, imported.direction) == ("accuracy", "max")
    assert imported.others == [Objective("seconds", "min")]
    assert imported.constraints == [Constraint("size", "<=", 0.0)]
    for trial in trials:
        x = trial.values["x"]
        assert trial.metrics == {"accuracy": x, "seconds": 1.0 - x, "size": x - 0.5}
        assert trial.status == ("infeasible" if x > 0.5 else "completed")
    assert {trial.status for trial in trials} == {"infeasible", "completed"}
    study.trials_dataframe().to_csv("study.csv")
    imported, _ = read("study.csv")
    assert (imported.objective, imported.metrics) == ("", ["accuracy", "seconds", "size"])


@pytest.mark.parametrize("name", ["study.db", "study.log"])
def test_one_of_several_studies_is_chosen(
    name: str, in_memory: optuna.Study, database_file: Path
) -> None:
    if name == "study.db":
        shutil.copy(database_file, name)
    else:
        write(name, in_memory)
    other = optuna.create_study(study_name="another")
    other.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    write(name, other)
    found, trials = read(name)
    assert isinstance(found, FoundStudies)
    assert [(s.name, s.trials) for s in found.studies] == [("svm or net", 26), ("another", 2)]
    assert trials == []
    imported, trials = read(name, study=2)
    assert (imported.name, len(trials)) == ("another", 2)


def test_a_choice_that_is_no_text_or_number_gets_a_text() -> None:
    study = optuna.create_study()
    study.optimize(lambda t: t.suggest_categorical("depth", [None, 3, 5]) or 0, n_trials=8)
    write("study.log", study)
    imported, trials = read("study.log")
    [entry] = imported.space["space"]
    assert entry["config"]["values"] == ["None", "3", "5"]
    assert {trial.values["depth"] for trial in trials} <= {"None", "3", "5"}


def test_mixed_choices_are_texts_for_conditions_too() -> None:
    def objective(trial: optuna.Trial) -> float:
        share = trial.suggest_categorical("max_features", ["sqrt", 0.5])
        return trial.suggest_float("x", 0, 1) if share == 0.5 else 0.0

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=12)
    write("study.log", study)
    imported, trials = read("study.log")
    features, x = read_space(imported.space)
    assert features.listed == ("sqrt", "0.5")
    for trial in trials:
        assert features.takes(trial.values["max_features"])
        assert x.is_active(trial.values) == ("x" in trial.values)


def database(*statements: str) -> bytes:
    Path("made.db").unlink(missing_ok=True)
    connection = sqlite3.connect("made.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return Path("made.db").read_bytes()


def test_files_that_are_no_studies_are_refused() -> None:
    assert "not an Optuna storage" in refusal("a.db", database("CREATE TABLE people (name)"))
    assert "is damaged" in refusal("a.db", sqlite.MAGIC + b"\0" * 4096)
    assert "contains no Optuna study" in refusal("a.db", database(*sqlite.SCHEMA))
    assert "Line 1 is no operation" in refusal("a.log", b'{"people": 3}\n')
    assert "contains no Optuna study" in refusal("a.log", b"{")


def test_a_database_runs_nothing_of_its_own() -> None:
    """A view could do anything in place of a table, such as count for ever."""
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
    tables = [statement for statement in sqlite.SCHEMA if "TABLE trials " not in statement]
    tables = [statement for statement in tables if "INDEX ix_trials" not in statement]
    view = f"CREATE VIEW trials AS {endless}"
    assert "not an Optuna storage" in refusal("a.db", database(*tables, view))


def test_damage_is_a_sentence(database_file: Path) -> None:
    for statement in (
        "UPDATE trials SET state = 'GREAT'", "UPDATE trial_params SET param_value = 'x'",
        "UPDATE trial_params SET distribution_json = '{'",
        "UPDATE trials SET datetime_start = 'yesterday'",
    ):  # fmt: skip
        Path("broken.db").write_bytes(database_file.read_bytes())
        connection = sqlite3.connect("broken.db")
        connection.execute(statement)
        connection.commit()
        connection.close()
        assert "is damaged" in refusal("broken.db", Path("broken.db").read_bytes())
    content = database_file.read_bytes()
    assert refusal("broken.db", content[: len(content) // 2])


def test_more_steps_than_pages_draw_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuning.runner.imports.optuna_studies.MAX_STEPS", 3)
    study = optuna.create_study()

    def reports(trial: optuna.Trial) -> float:
        for step in range(1, 10):
            trial.report(step, step)
        return trial.suggest_float("x", 0, 1)

    study.optimize(reports, n_trials=1)
    write("study.log", study)
    _, [trial] = read("study.log")
    assert [epoch.epoch for epoch in trial.epochs] == [3, 6, 9]
