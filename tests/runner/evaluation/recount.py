"""A retraining's evaluation, computed once more from the dataset's files."""

from pathlib import Path

import numpy as np
import pytest

from tuning.protocol.evaluation import PREDICTIONS
from tuning.protocol.events import Retrained
from tuning.protocol.orders import ProjectOrder
from tuning.splits import split_rows
from tuning.splits.stored import split_key


def recounted(result: Retrained, work: Path, project: ProjectOrder) -> np.ndarray:
    """The lines of the predictions' file; the report agrees with them, and they with the split."""
    evaluation = result.evaluation
    assert evaluation.problem == ""
    lines = np.load(work / PREDICTIONS, allow_pickle=False)
    y = np.load(Path(project.dataset_folder) / "y.npy")
    key = split_key(Path(project.dataset_folder), project.split)
    test = split_rows(y, project.split, key=key)["test"]
    assert evaluation.rows == len(lines) == len(test)
    assert (lines[:, 0] == test).all()
    assert lines[:, 1] == pytest.approx(y[test])
    (report,) = evaluation.outputs
    scores = {score.name: score for score in report.scores}
    if report.task == "classification":
        assert scores["accuracy"].value == pytest.approx((lines[:, 1] == lines[:, 2]).mean())
        for of, row in enumerate(report.confusion.counts):
            for taken, count in enumerate(row):
                assert count == ((lines[:, 1] == of) & (lines[:, 2] == taken)).sum()
    else:
        error = np.abs(lines[:, 1] - lines[:, 2]).mean()
        assert scores["mean_absolute_error"].value == pytest.approx(error, rel=1e-5)
    for score in evaluation.measured:
        assert score.value == result.metrics[score.name]
        if score.low is not None:
            assert score.low <= score.value <= score.high  # type: ignore[operator]
    return lines
