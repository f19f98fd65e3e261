"""A downloaded model of several numbers takes raw rows, and names each target where it is asked."""

import csv
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest

from tests.runner.warm import python
from tuning.hypermodels import BUILTIN, source_of
from tuning.protocol.predictions import PREDICTED, RowSource
from tuning.protocol.uploads import Upload
from tuning.runner.datasets.uploads import prepare_upload

from .test_equals_predict_py import Asked, retrained, table_of

pytestmark = pytest.mark.tensorflow

DENSE = next(source_of(template) for template in BUILTIN if template.key == "dense")


def test_raw_rows_get_all_targets(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    size, town = random.random(120), random.integers(0, 2, 120)
    rows = [
        f"{a:.4f},{('Bonn', 'Chur')[b]},{1000 * a + 10 * b:.3f},{a - b / 10:.5f}"
        for a, b in zip(size, town, strict=True)
    ]
    (tmp_path / "rents.csv").write_text("\n".join(["size,town,rent,yield", *rows]))
    with chdir(tmp_path):
        upload = Upload("text table", "rents.csv", "rents.csv", 1 << 26, target="rent, yield")
        prepare_upload("own-1", upload, Path("data"), lambda _: None)
    result = retrained(tmp_path / "work", DENSE, tmp_path / "data", epochs=20)
    assert [output.name for output in result.evaluation.outputs] == ["rent", "yield"]
    means = {column.column for column in result.evaluation.importances.columns}
    assert means == {"size", "town"}
    dataset = table_of(tmp_path / "data", "regression")
    asked = Asked(tmp_path / "asked", tmp_path / "work", dataset, result)
    given = [{"size": 0.5, "town": None}]
    with asked.runner:
        answer = asked.ask(RowSource.FORM, given)
    assert [output.name for output in answer.outputs] == ["rent", "yield"]
    values = np.array([output.values for output in answer.outputs], float).T
    with (tmp_path / "asked" / PREDICTED).open() as file:
        head, *lines = csv.reader(file)
    assert head[-2:] == ["predicted rent", "predicted yield"]
    assert np.array([line[-2:] for line in lines], float) == pytest.approx(values, rel=1e-5)
    # The code to copy prints a column for each target.
    done = python("-c", asked.code(RowSource.FORM, given), cwd=tmp_path / "asked")
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    start = printed.index("predicted:\trent\tyield")
    found = [line.split("\t")[1:] for line in printed[start + 1 : start + 2]]
    assert np.array(found, float) == pytest.approx(values, rel=1e-3)
