"""What a runner answers is what `predict.py`, copied from the page, prints for the same rows."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.runner.harness import Runner, project
from tests.runner.tables import COLUMNS, raw_rows, write_table
from tests.runner.test_raw_models import ESTIMATOR
from tests.runner.warm import python
from tuning.analysis.predictions.about import about
from tuning.analysis.snippets import predict_snippet
from tuning.models import Dataset, Prediction, Project, SavedModel, Search, Trial
from tuning.protocol.evaluation import PREDICTIONS
from tuning.protocol.events import Evaluated, Failed, Predicted, Ready, Retrained
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import EvaluateOrder, PredictOrder, RetrainOrder
from tuning.protocol.predictions import PREDICTED, RowSource

pytestmark = pytest.mark.tensorflow

NAMES = [column["name"] for column in COLUMNS]
ROW = {
    "size (m²)": 1e-9, "price/unit": 1.25, "price_unit": -0.5, "Straße": "[UNK]", "always 3": 3.0,
    "numbers": "b", "prepare": 1_700_012.0,
}  # fmt: skip
# All that may be missing.
GAPS = {**dict.fromkeys(NAMES), "price_unit": 0.5}
# One unit whose sign decides: the file keeps how it is to be read.
LOGITS = """
import keras

def build_model(hp, input_shape):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Dense(16, "relu"), keras.layers.Dense(1),
    ])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss, metrics=["accuracy"])
    return model
"""
CONV = """
import keras

def build_model(hp, input_shape, num_classes):
    model = keras.Sequential([
        keras.Input(input_shape), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(),
        keras.layers.Dense(num_classes, "softmax"),
    ])
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy",
                  metrics=["accuracy"])
    return model
"""


class Asked:
    """A retrained model in a folder of its own, and a runner that answers questions about it."""

    def __init__(self, folder: Path, work: Path, dataset: Dataset, result: Retrained) -> None:
        self.folder, self.dataset = folder, dataset
        folder.mkdir()
        self.file = next(name for name in ("model.keras", "model.skops") if (work / name).exists())
        shutil.copy(work / self.file, folder)
        kind = ModelKind.SKLEARN if self.file.endswith("skops") else ModelKind.KERAS
        trial = Trial(search=Search(project=Project(dataset=dataset), model_kind=kind))
        self.saved_model = SavedModel(
            project=trial.search.project, trial=trial, file=self.file,
            trusted_types=result.trusted_types, layers_code=result.layers_code,
        )  # fmt: skip
        self.runner = Runner(folder)
        self.runner.until(Ready)

    def ask(self, source: RowSource, rows: Any = (), name: str = "") -> Any:
        """The answer, or the failure."""
        file = ""
        if name:
            file = "rows"
            shutil.copy(self.folder / name, self.folder / file)
        self.runner.send(PredictOrder(
            self.file, source, about(self.dataset), list(rows), file, name,
            self.saved_model.trusted_types, self.saved_model.layers_code, 10**8,
        ))  # fmt: skip
        return self.runner.until(Predicted, Failed)[-1]

    def code(self, source: RowSource, rows: Any = (), name: str = "", **answer: Any) -> str:
        """What the page offers to copy for this question."""
        asked = Prediction(saved_model=self.saved_model, source=source, rows=list(rows), name=name,
                           answer=answer)  # fmt: skip
        return predict_snippet(self.saved_model, self.file, asked)

    def printed(self, source: RowSource, rows: Any = (), name: str = "", **answer: Any) -> Any:
        """What the code prints that the page shows for this question."""
        code = self.code(source, rows, name, **answer)
        done = python("-c", code, cwd=self.folder)
        assert done.returncode == 0, done.stderr
        [line] = [text for text in done.stdout.splitlines() if text.startswith("predicted:")]
        text = line.removeprefix("predicted:").strip()
        if "'" in text:
            return json.loads(text.replace("'", '"'))
        return [float(number) for number in text.strip("[]").split()]


def retrained(folder: Path, code: str, dataset: Path, **order: Any) -> Retrained:
    with Runner(folder) as runner:
        wanted = {"epochs": 3, "batch_size": 32, "seed": 1, **order}
        task = json.loads((dataset / "meta.json").read_text())["task"]
        place = project(code, dataset, stratified=task == "classification")
        result = runner.result(RetrainOrder(place, {}, {}, **wanted), Retrained)
    assert isinstance(result, Retrained), result
    return result


def table_of(folder: Path, task: str) -> Dataset:
    profile = json.loads((folder / "meta.json").read_text())
    return Dataset(
        key="d", name="Prices", kind="table", task=task, profile=profile, folder=str(folder)
    )


def text_of(column: dict[str, Any], value: float) -> str:
    """A cell as a file has it."""
    if np.isnan(value):
        return ""
    return str(column["values"][int(value)]) if "values" in column else repr(float(value))


def classes(answer: Predicted) -> list[str]:
    return [["cheap", "dear"][int(value or 0)] for value in answer.outputs[0].values]


@pytest.mark.parametrize("code", [LOGITS, ESTIMATOR])
def test_rows_of_a_table(tmp_path: Path, code: str) -> None:
    table = write_table(tmp_path / "table", raw_rows(300), "classification")
    kind = ModelKind.SKLEARN if code is ESTIMATOR else ModelKind.KERAS
    result = retrained(tmp_path / "work", code, table, kind=kind)
    asked = Asked(tmp_path / "asked", tmp_path / "work", table_of(table, "classification"), result)
    check_evaluation(tmp_path / "work", asked, project(code, table), result, kind)
    with asked.runner:
        # One by the form of the page, several by the API.
        for rows in ([ROW, GAPS], [GAPS]) if code is LOGITS else ([GAPS, ROW],):
            answer = asked.ask(RowSource.FORM, rows)
            assert classes(answer) == asked.printed(RowSource.FORM, rows)
            for scores in answer.outputs[0].scores:
                assert sum(scores) == pytest.approx(1, abs=1e-4)
        # In another order, with more columns, one value that nobody knows.
        lines = [["note", *NAMES[::-1]]]
        for place, x in enumerate(raw_rows(30, seed=5)):
            texts = [text_of(c, v) for c, v in zip(COLUMNS, x, strict=True)]
            lines.append([f"=row {place}", *texts[::-1]])
        lines[3][NAMES[::-1].index("numbers") + 1] = "zebra"
        with (asked.folder / "more.csv").open("w", newline="") as file:
            csv.writer(file, delimiter=";").writerows(lines)
        answer = asked.ask(RowSource.TABLE, name="more.csv")
        assert isinstance(answer, Predicted), answer
        assert answer.rows == 30
        assert any("“zebra” is not among" in note for note in answer.notes)
        printed = asked.printed(RowSource.TABLE, name="more.csv", load=answer.load)
        with (asked.folder / PREDICTED).open() as file:
            written = list(csv.DictReader(file))
        assert [row["predicted target"] for row in written] == printed
        assert classes(answer) == printed[:20]
        assert written[2]["numbers"] == "zebra"
        share = float(written[0][f"probability of {printed[0]}"])
        assert share == pytest.approx(max(answer.outputs[0].scores[0]), abs=1e-5)
        # What cannot be read is said in a sentence.
        (asked.folder / "few.csv").write_text("size (m²),numbers\n1,a\n")
        failed = asked.ask(RowSource.TABLE, name="few.csv")
        assert "The file lacks columns that the model needs: “price/unit”" in failed.message


def check_evaluation(
    folder: Path, asked: Asked, order: Any, retrained: Retrained, kind: ModelKind
) -> None:
    """By its file alone, a model is judged as it was when it was retrained."""
    lines = np.load(folder / PREDICTIONS)
    with Runner(folder.parent / "evaluated") as runner:
        shutil.copy(folder / asked.file, runner.folder)
        result = runner.result(
            EvaluateOrder(
                order, asked.file, kind, 32, retrained.metrics, retrained.trusted_types,
                retrained.layers_code,
            ),
            Evaluated,
        )  # fmt: skip
        found = np.load(runner.folder / PREDICTIONS)
    assert isinstance(result, Evaluated), result
    assert np.allclose(found, lines, rtol=1e-4, atol=1e-4, equal_nan=True)
    [before], [after] = retrained.evaluation.outputs, result.evaluation.outputs
    assert after.confusion == before.confusion
    assert after.probabilities
    assert after.probabilities == before.probabilities
    names = [score.name for score in result.evaluation.measured]
    assert names == [score.name for score in retrained.evaluation.measured]
    assert result.evaluation.importances.columns
    # Its own `fit` trains on the rows as they are.
    said = [*retrained.evaluation.notes, *result.evaluation.notes]
    assert not any("with its own code" in note for note in said)


def test_pictures_and_arrays(tmp_path: Path) -> None:
    random = np.random.RandomState(0)
    x = random.randint(0, 60, (60, 6, 8, 3)).astype(np.uint8)
    y = np.arange(60) % 2
    x[y == 1] += 180
    folder = tmp_path / "images"
    folder.mkdir()
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", y)
    profile = {
        "kind": "image", "task": "classification", "rows": 60, "input_shape": [6, 8, 3],
        "num_classes": 2, "class_names": ["cheap", "dear"], "min_value": 0.0, "max_value": 239.0,
        "dtype": "uint8", "target_name": "kind",
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(profile))
    result = retrained(tmp_path / "work", CONV, folder)
    dataset = Dataset(key="d", name="D", kind="image", task="classification", profile=profile,
                      folder="d")  # fmt: skip
    asked = Asked(tmp_path / "asked", tmp_path / "work", dataset, result)
    # Larger than the dataset's images, with a transparent part.
    big = random.randint(0, 255, (50, 40, 4)).astype(np.uint8)
    Image.fromarray(big).save(asked.folder / "photo.png")
    np.save(asked.folder / "rows.npy", x[:5])
    with asked.runner:
        answer = asked.ask(RowSource.PICTURE, name="photo.png")
        assert classes(answer) == asked.printed(RowSource.PICTURE, name="photo.png")
        assert answer.picture
        answer = asked.ask(RowSource.ARRAY, name="rows.npy")
        assert classes(answer) == asked.printed(RowSource.ARRAY, name="rows.npy")
        assert answer.rows == 5
        np.save(asked.folder / "wrong.npy", x[:, :5])
        failed = asked.ask(RowSource.ARRAY, name="wrong.npy")
    assert failed.message == (
        "The array must have the shape (rows, 6, 8, 3), but has (60, 5, 8, 3)."
    )
