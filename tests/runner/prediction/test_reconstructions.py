"""What an autoencoder's file answers to new rows: as predict.py prints it, and as it was judged."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.runner.harness import Runner, project
from tests.runner.tables import raw_rows, write_table
from tests.runner.warm import python
from tuning.hypermodels import BUILTIN, source_of
from tuning.protocol.evaluation import PREDICTIONS
from tuning.protocol.events import Evaluated
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.orders import EvaluateOrder
from tuning.protocol.predictions import PREDICTED, RowSource

from .test_equals_predict_py import GAPS, NAMES, ROW, Asked, retrained, table_of

pytestmark = pytest.mark.tensorflow

CODE = next(source_of(template) for template in BUILTIN if template.key == "autoencoder")


def test_rows_of_a_table(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table", raw_rows(60), "classification")
    meta = json.loads((table / "meta.json").read_text())
    del meta["target_name"], meta["class_names"]
    meta |= {"task": "reconstruction", "num_classes": None}
    (table / "meta.json").write_text(json.dumps(meta))
    result = retrained(tmp_path / "work", CODE, table, epochs=1)
    asked = Asked(tmp_path / "asked", tmp_path / "work", table_of(table, "reconstruction"), result)

    # By its file alone, a model is judged as it was when it was retrained.
    with Runner(tmp_path / "evaluated") as runner:
        shutil.copy(asked.folder / asked.file, runner.folder)
        order = EvaluateOrder(
            project(CODE, table, stratified=False), asked.file, ModelKind.KERAS, 32, result.metrics
        )
        judged = runner.result(order, Evaluated)
    assert isinstance(judged, Evaluated), judged
    before, after = (np.load(tmp_path / name / PREDICTIONS) for name in ("work", "evaluated"))
    assert after == pytest.approx(before, rel=1e-3, abs=1e-5, nan_ok=True)
    [output] = judged.evaluation.outputs
    assert [c.name for c in output.columns] == [
        c.name for c in result.evaluation.outputs[0].columns
    ]
    assert output.examples[0].cells

    with asked.runner:
        for row in (ROW, GAPS):
            answer = asked.ask(RowSource.FORM, [row])
            done = python("-c", asked.code(RowSource.FORM, [row]), cwd=asked.folder)
            assert done.returncode == 0, done.stderr
            printed = done.stdout.partition("reconstruction error: [")[2].rstrip("]\n")
            assert answer.outputs[0].values == pytest.approx([float(printed)], rel=1e-4)
            assert answer.outputs[0].name == "reconstruction error"
            assert answer.reproduced.names == NAMES
            given = dict(zip(NAMES, answer.reproduced.given, strict=True))
            assert given["Straße"] == (row["Straße"] or "")
            cells = dict(zip(NAMES, answer.reproduced.cells, strict=True))
            assert cells["Straße"] in ("Ahornweg", "[UNK]", "Ö\nx", "(missing)", "(other)")
            # No input, so nothing is reproduced.
            assert cells["always 3"] == ""
        lines = [NAMES, *([ROW[name] for name in NAMES] for _ in range(3))]
        with (asked.folder / "more.csv").open("w", newline="") as file:
            csv.writer(file).writerows(lines)
        answer = asked.ask(RowSource.TABLE, name="more.csv")
        with (asked.folder / PREDICTED).open() as file:
            written = list(csv.DictReader(file))
        errors = [float(row["reconstruction error"]) for row in written]
        assert errors == pytest.approx(answer.outputs[0].values, rel=1e-5)
        assert written[0]["reconstructed Straße"] == answer.reproduced.cells[NAMES.index("Straße")]
