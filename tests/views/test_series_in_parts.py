"""Several time series are divided at the same times: pages name those that a part lacks."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.runner.series import panel, prepare
from tuning.analysis.window_splits import series_notes
from tuning.models import Dataset, HyperModel, Prediction, Project, SavedModel
from tuning.protocol.statuses import Status
from tuning.splits.stored import stored_split

LENGTH = 8


def shortened() -> dict[str, list[Any]]:
    """The harbour store closes early, the south one opens late."""
    table = pd.DataFrame(panel(80))
    row = table.groupby("store").cumcount()
    closed = (table["store"] == "harbour") & (row >= LENGTH + 2)
    closed |= (table["store"] == "south") & (row < 55)
    return {str(name): list(cells) for name, cells in table[~closed].items()}


@pytest.fixture
def dataset_of(tmp_path: Path, settings: Any, project: Project) -> Any:
    """Makes a dataset of such rows the project's."""
    settings.DATASETS_ROOT = str(tmp_path)

    def make(columns: dict[str, list[Any]]) -> Dataset:
        folder, profile = prepare(tmp_path, columns, series="store", known=[])
        Dataset.objects.filter(pk=project.dataset.pk).update(
            kind="sequence", task=profile["task"], profile=profile, folder=folder.name
        )
        HyperModel.objects.update(kinds=["sequence"])
        return Dataset.objects.get(pk=project.dataset.pk)

    return make


def test_series_without_windows_in_a_part_are_named(
    as_dora: Client, as_bob: Client, dataset_of: Any, project: Project, saved_model: SavedModel
) -> None:
    columns = shortened()
    dataset = dataset_of(columns)
    # Counted again: the store of each window, in the order in which windows end.
    ends = pd.DataFrame(columns).sort_values("when", kind="stable")
    ends = ends[ends.groupby("store").cumcount() >= LENGTH - 1]
    parts = stored_split(dataset.stored.place, dataset.split())
    absent = {
        part: {"north", "south", "harbour"} - set(ends["store"].iloc[rows])
        for part, rows in parts.items()
    }
    assert absent == {"train": {"south"}, "validation": {"harbour"}, "test": {"harbour"}}

    early = "1 of 3 series has no test windows: “harbour”. Test scores do not include it."
    late = "1 of 3 series has no training windows: “south”. Trials do not learn from it."
    address = reverse("project-create")
    query = {"step": "split", "dataset": dataset.pk, "hypermodel": project.hypermodel.pk}
    for page in (
        as_bob.get(address, query),
        as_dora.get(reverse("project-data", args=[project.pk])),
        as_dora.get(reverse("saved-model-detail", args=[saved_model])),
        as_dora.get(reverse("saved-model-card", args=[saved_model])),
    ):
        text = page.content.decode()
        assert early in text
        assert late in text


def test_answers_name_the_series_of_each_window(
    as_dora: Client, dora: User, dataset_of: Any, saved_model: SavedModel
) -> None:
    targets = dataset_of(shortened()).profile["target_names"]
    outputs = [
        {"name": name, "task": "regression", "values": [1.5, 2.5], "scores": [],
         "probabilities": False}
        for name in targets
    ]  # fmt: skip
    answer = {"rows": 2, "outputs": outputs, "notes": [], "picture": "", "load": "x = table"}
    asked = Prediction.objects.create(
        saved_model=saved_model, created_by=dora, key="asked", status=Status.COMPLETED,
        source="table", name="newest.csv", answer={**answer, "series": ["<north", "south"]},
    )  # fmt: skip
    page = as_dora.get(reverse("prediction-live", args=[asked.pk])).content.decode()
    assert "Predicted targets of the newest window of &lt;north" in page
    assert '<th scope="col">store</th>' in page
    assert '<td class="series">south</td><td>load +1: 2.5, load +2: 2.5</td>' in page
    # As answers were stored before.
    asked.answer = answer
    asked.save()
    page = as_dora.get(reverse("prediction-live", args=[asked.pk])).content.decode()
    assert "of the newest window<" in page
    assert "<td>load +1: 2.5, load +2: 2.5</td>" in page


def test_many_such_series_are_counted(dataset_of: Any) -> None:
    columns = shortened()
    harbour = [row for row, store in enumerate(columns["store"]) if store == "harbour"]
    for number in range(7):
        name = "closed " + "early " * 20 if not number else f"closed {number}"
        for column, cells in columns.items():
            of_one = [name if column == "store" else cells[row] for row in harbour]
            cells.extend(of_one)
    dataset = dataset_of(columns)
    *_, note = series_notes(dataset, dataset.split())
    long = "closed early early early early early earl"[:40]
    assert note == (
        f"8 of 10 series have no test windows: “harbour”, “{long}”, “closed 1”, “closed 2”, "
        "“closed 3” and 3 more. Test scores do not include them."
    )


def test_series_in_all_parts_need_no_sentence(dataset_of: Any) -> None:
    dataset = dataset_of(panel(200))
    assert series_notes(dataset, dataset.split()) == []
    assert np.load(dataset.stored.place / "series.npy").max() == 2
