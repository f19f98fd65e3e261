"""The sizes of the parts of windows and the most folds, against the runner's own split."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.runner.series import SPLIT, panel, prepare, table
from tuning.analysis.window_splits import most_folds_of_windows, window_problem, window_sizes
from tuning.models import Dataset
from tuning.splits.stored import stored_split
from tuning.splits.windows import spans, window_folds


@pytest.mark.parametrize("series", ["", "store"])
def test_sizes_are_those_of_the_runners_split(tmp_path: Path, settings: Any, series: str) -> None:
    settings.DATASETS_ROOT = str(tmp_path)
    folder, profile = prepare(tmp_path, panel() if series else table(), series=series)
    dataset = Dataset(profile=profile, folder=folder.name)
    sizes = {name: len(part) for name, part in stored_split(folder, SPLIT).items()}
    assert all(sizes.values())
    assert window_sizes(dataset, SPLIT) == sizes
    assert window_problem(dataset, SPLIT) == ""


def test_each_fold_of_several_series_has_windows_to_train_on(tmp_path: Path, settings: Any) -> None:
    settings.DATASETS_ROOT = str(tmp_path)
    folder, profile = prepare(tmp_path, panel(), series="store")
    dataset = Dataset(profile=profile, folder=folder.name)
    most = most_folds_of_windows(dataset, SPLIT)
    windows = dataset.windows
    assert windows
    parts = stored_split(folder, SPLIT)
    chosen = np.concatenate([parts["train"], parts["validation"]])
    first, last = (times[chosen] for times in spans(folder, windows))
    for folds in range(2, most + 2):
        found = window_folds(first, last, folds)
        possible = len(found) == folds and all(len(part) for fold in found for part in fold)
        assert possible == (folds <= most)
    assert most > 2
