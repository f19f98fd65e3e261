"""A forecast from a time series: what is evaluated, what a downloaded model predicts from raw rows,
and what a runner answers are the same."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.runner.harness import Runner
from tests.runner.series import csv_text, order, panel, prepare, table
from tests.runner.warm import python
from tuning.analysis.snippets import predict_snippet
from tuning.forms.predictions import PASTED, file_form_of
from tuning.hypermodels import BUILTIN, source_of
from tuning.models import Dataset
from tuning.protocol.events import Evaluated, Predicted, Retrained
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import EvaluateOrder, RetrainOrder
from tuning.protocol.predictions import MAX_SHOWN, PREDICTED, RowSource
from tuning.runner.inputs.data import load_dataset
from tuning.splits.stored import stored_split

from .test_equals_predict_py import Asked

pytestmark = pytest.mark.tensorflow

SEQUENCE = next(source_of(template) for template in BUILTIN if template.key == "sequence")
ROWS = 200
# Of a window: the rows seen, and the rows to predict.
LOOK_BACK, HORIZON = 6, 2


def retrained(folder: Path, dataset: Path) -> Retrained:
    """A model of the built-in template."""
    with Runner(folder) as runner:
        wanted = RetrainOrder(order(dataset, SEQUENCE), {}, {}, epochs=1, batch_size=32, seed=1)
        result = runner.result(wanted, Retrained)
    assert isinstance(result, Retrained), result
    assert not result.evaluation.problem, result.evaluation
    return result


def evaluated_again(folder: Path, dataset: Path, result: Retrained) -> Evaluated:
    """By the model's file alone."""
    (folder / "again").mkdir()
    (folder / "again" / "model.keras").write_bytes((folder / "model.keras").read_bytes())
    with Runner(folder / "again") as runner:
        wanted = EvaluateOrder(
            order(dataset, SEQUENCE), "model.keras", ModelKind.KERAS, 32, result.metrics, [],
            result.layers_code,
        )  # fmt: skip
        again = runner.result(wanted, Evaluated)
    assert isinstance(again, Evaluated), again
    return again


def row_of(profile: dict[str, Any], folder: Path) -> Dataset:
    return Dataset(
        key="d", name="Load", kind="sequence", task=profile["task"], profile=profile,
        folder=str(folder),
    )  # fmt: skip


def written(folder: Path) -> list[dict[str, str]]:
    with (folder / PREDICTED).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_forecast_of_two_steps_with_categories_and_gaps(tmp_path: Path) -> None:
    columns = table(ROWS)
    folder, profile = prepare(tmp_path, columns)
    result = retrained(tmp_path / "work", folder)
    again = evaluated_again(tmp_path / "work", folder, result)
    assert [output.name for output in result.evaluation.outputs] == ["load +1", "load +2"]
    for one, other in zip(result.evaluation.outputs, again.evaluation.outputs, strict=True):
        scores = [score.value for score in other.scores]
        assert scores == pytest.approx([score.value for score in one.scores], rel=1e-3)

    kept = np.load(tmp_path / "work" / "predictions.npy")
    numbers = kept[:, 0].astype(int)
    assert numbers.tolist() == list(range(numbers[0], ROWS - LOOK_BACK - HORIZON + 1))
    actual = load_dataset(order(folder)).rows("test")[1]
    assert kept[:, [1, 4]] == pytest.approx(actual)

    asked = Asked(tmp_path / "asked", tmp_path / "work", row_of(profile, folder), result)
    with asked.runner:
        # The newest rows; the last two are still to come, only their weekday is known.
        newest = {name: list(cells[-30:]) for name, cells in columns.items()}
        for name in ("load", "degrees", "wind"):
            newest[name][-HORIZON:] = [""] * HORIZON
        (asked.folder / "newest.csv").write_text(csv_text(newest))
        answer = asked.ask(RowSource.TABLE, name="newest.csv")
        assert isinstance(answer, Predicted), answer
        assert answer.rows == 30 - LOOK_BACK - HORIZON + 1
        lines = written(asked.folder)
        assert lines[0]["when"] == columns["when"][-HORIZON - 1], "the newest window comes first"
        found = [[float(line[f"predicted load +{step}"]) for step in (1, 2)] for line in lines]
        # These windows are the dataset's last ones.
        assert np.array(found[::-1])[:, 0] == pytest.approx(kept[-len(found) :, 2], rel=1e-4)
        assert np.array(found[::-1])[:, 1] == pytest.approx(kept[-len(found) :, 5], rel=1e-4)
        code = asked.code(RowSource.TABLE, name="newest.csv", load=answer.load)
        code += "print(json.dumps(predictions.tolist()))\n"
        done = python("-c", code, cwd=asked.folder)
        assert done.returncode == 0, done.stderr
        elsewhere = json.loads(done.stdout.splitlines()[-1])
        assert np.array(elsewhere) == pytest.approx(np.array(found), rel=1e-4)
        # Pasted from a spreadsheet, the same rows have the same answer, on the page and elsewhere.
        form = file_form_of(asked.saved_model, {"pasted": csv_text(newest).replace(",", "\t")})
        assert form.is_valid(), form.errors
        with form.cleaned_data["rows"] as pasted:
            shutil.copy(pasted.temporary_file_path(), asked.folder / PASTED)
        answer = asked.ask(form.source, name=PASTED)
        assert isinstance(answer, Predicted), answer
        assert written(asked.folder) == lines
        code = asked.code(form.source, name=PASTED, load=answer.load)
        assert printed(code, asked.folder) == elsewhere


def printed(code: str, folder: Path) -> list[Any]:
    """What a script predicts, in another process."""
    done = python("-c", code + "print(json.dumps(predictions.tolist()))\n", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def of_the_file(asked: Asked, columns: dict[str, list[Any]]) -> tuple[list[Any], list[Any]]:
    """What the page's predict.py predicts from the uploaded file, of rows to come first, and what a
    runner answers."""
    (asked.folder / "load.csv").write_text(csv_text(columns))
    newest = printed(predict_snippet(asked.saved_model, asked.file), asked.folder)
    answer = asked.ask(RowSource.TABLE, name="load.csv")
    assert isinstance(answer, Predicted), answer
    lines = written(asked.folder)
    assert answer.series == [line["store"] for line in lines[:MAX_SHOWN]]
    return newest, lines


def last_rows_of(columns: dict[str, list[Any]], horizon: int) -> list[tuple[str, str]]:
    """The store and the time of the last row that the model sees of each window, in the order of
    the dataset: that in which windows end."""
    ends = []
    for store, rows in pd.DataFrame(columns).groupby("store", sort=False):
        moments = rows["when"].tolist()
        for at in range(LOOK_BACK + horizon - 1, len(moments)):
            ends.append((moments[at], str(store), moments[at - horizon]))
    ends.sort(key=lambda end: end[0])
    return [(store, last) for _, store, last in ends]


def test_the_class_of_the_next_row_of_each_store(tmp_path: Path) -> None:
    columns = panel(80)
    chosen = {"horizon": 1, "known": [], "series": "store", "target": "state"}
    folder, profile = prepare(tmp_path, columns, **chosen)
    result = retrained(tmp_path / "work", folder)
    [output] = result.evaluation.outputs
    states = ["high", "low"]
    assert (output.task, profile["class_names"]) == ("classification", states)
    names = [column.column for column in result.evaluation.importances.columns]
    assert names == [column["name"] for column in profile["columns"]]
    kept = np.load(tmp_path / "work" / "predictions.npy")
    parts = stored_split(folder, order(folder).split)
    assert kept[:, 0].astype(int).tolist() == parts["test"].tolist()
    assert kept[:, 1].tolist() == np.load(folder / "y.npy")[parts["test"]].tolist()

    asked = Asked(tmp_path / "asked", tmp_path / "work", row_of(profile, folder), result)
    with asked.runner:
        newest, lines = of_the_file(asked, columns)
        assert [line["store"] for line in lines[:4]] == ["north", "south", "harbour", "north"]
        classes = [states[int(np.argmax(scores))] for scores in newest]
        assert [line["predicted state"] for line in lines[: len(classes)]] == classes
        # The dataset's own windows, found by their store and their last row, say the same.
        last_rows = last_rows_of(columns, horizon=1)
        by_row = {(line["store"], line["when"]): line["predicted state"] for line in lines}
        for number, predicted in kept[:, [0, 2]].astype(int).tolist():
            assert by_row[last_rows[number]] == states[predicted]
        columns["when"][3:9] = columns["when"][8:2:-1]
        (asked.folder / "mixed.csv").write_text(csv_text(columns))
        refused = asked.ask(RowSource.TABLE, name="mixed.csv")
        assert "is not later than the row of its series before it." in str(refused)


RIDGE = """
from sklearn.linear_model import Ridge

def build_model(hp):
    return Ridge(alpha=hp.Float("alpha", 0.1, 10.0))
"""


def test_an_estimator_of_windows_predicts_from_raw_rows(tmp_path: Path) -> None:
    columns = panel(80)
    folder, profile = prepare(tmp_path, columns, series="store")
    with Runner(tmp_path / "work") as runner:
        wanted = RetrainOrder(
            order(folder, RIDGE), {}, {}, epochs=1, batch_size=32, seed=1, kind=ModelKind.SKLEARN
        )
        result = runner.result(wanted, Retrained)
    assert isinstance(result, Retrained), result
    assert not result.evaluation.problem, result.evaluation
    # Three series whose forecasts of two steps overlap: 24 windows are too few for intervals.
    assert result.evaluation.notes == [
        "There are no 95% intervals: the errors of 9 neighbouring test windows are alike, so an "
        "interval needs at least 45 of them. There are 24."
    ]
    kept = np.load(tmp_path / "work" / "predictions.npy")
    importances = {c.column: c.mean for c in result.evaluation.importances.columns}
    assert list(importances) == [column["name"] for column in profile["columns"]]
    assert max(importances, key=lambda name: importances[name] or 0) in ("load", "store")
    asked = Asked(tmp_path / "asked", tmp_path / "work", row_of(profile, folder), result)
    with asked.runner:
        newest, lines = of_the_file(asked, columns)
        found = [[float(line[f"predicted load +{step}"]) for step in (1, 2)] for line in lines]
        assert np.array(newest) == pytest.approx(np.array(found[: len(newest)]), rel=1e-5)
        last_rows = last_rows_of(columns, HORIZON)
        by_row = {
            (line["store"], line["when"]): pair for line, pair in zip(lines, found, strict=True)
        }
        for number, *predicted in kept[:, [0, 2, 5]].tolist():
            assert by_row[last_rows[int(number)]] == pytest.approx(predicted, rel=1e-4)
