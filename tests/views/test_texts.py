"""Pages of a dataset with texts: what they show of them, in whatever language, and of a model that
was trained on them."""

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tuning.analysis.dataset_changes import dataset_changes
from tuning.models import Dataset, Prediction, SavedModel
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.events import BadEvent, FoundColumn, SchemaDetected
from tuning.protocol.uploads import ColumnType
from tuning.supervisor.tables import check_columns, schema_of
from tuning.texts import TextWriter

from .evaluations import LINES, classification, evaluated

TEXTS = [f"<b>Straße {number}</b>\nzweite Zeile 猫" for number in range(10)]
LENGTHS = {"edges": [4, 5, 6], "counts": [9, 1], "median": 4, "longest": 70}
COLUMN: dict[str, Any] = {
    "name": "review", "type": "text", "missing": 1, "words": ["straße", "<i>猫"],
    "counts": [9, 3], "lengths": {"words": LENGTHS, "characters": LENGTHS},
    "head": ["", *TEXTS[1:5]],
}  # fmt: skip
STARS = {"name": "stars", "type": "number", "missing": 0,
         "histogram": {"edges": [1, 5], "counts": [10]}}  # fmt: skip


@pytest.fixture
def texts(saved_model: SavedModel, tmp_path: Path) -> Dataset:
    """The saved model's dataset: ten texts, the first one missing, beside a number."""
    folder = Path(settings.DATASETS_ROOT) / tmp_path.name
    folder.mkdir()
    x = np.stack([np.arange(10.0), np.full(10, 3.0)], axis=1).astype(np.float32)
    x[0, 0] = np.nan
    np.save(folder / "x.npy", x)
    with TextWriter(folder, 0, 10, 1 << 20) as writer:
        writer.add(["", *TEXTS[1:]])
    columns = [COLUMN, STARS]
    (folder / "meta.json").write_text(json.dumps({"columns": columns}))
    dataset = saved_model.project.dataset
    dataset.kind, dataset.folder = DataKind.TEXT, folder.name
    dataset.profile = {
        "kind": "text", "rows": 10, "columns": columns, "column_count": 2, "input_shape": [2],
        "class_names": ["a", "b"], "class_counts": [5, 5], "num_classes": 2, "head": [],
        "feature_names": ["review", "stars"], "target_name": "kind",
    }  # fmt: skip
    dataset.save()
    return dataset


def test_the_dataset_shows_lengths_words_and_samples(as_dora: Client, texts: Dataset) -> None:
    html = as_dora.get(reverse("dataset-detail", args=[texts.pk])).content.decode()
    assert "Texts of review" in html
    assert "9 texts, 1 missing" in html
    assert "Words per text: median 4 words, longest 70" in html
    assert "<title>5 to 70 words: 1</title>" in html
    assert "&lt;i&gt;猫" in html
    assert "&lt;b&gt;Straße 1&lt;/b&gt;" in html
    assert "<b>Straße" not in html


def test_mistakes_show_the_text(as_dora: Client, saved_model: SavedModel, texts: Dataset) -> None:
    evaluated(saved_model, classification(), [[0, 1, 0, 0.99], *LINES])
    html = as_dora.get(reverse("saved-model-rows", args=[saved_model])).content.decode()
    assert '<td class="text">&lt;b&gt;Straße 8&lt;/b&gt;\nzweite Zeile 猫</td>' in html
    assert ">–</td>" in html, "the missing one"
    (Path(settings.DATASETS_ROOT) / texts.folder / "texts-0.bin").unlink()
    assert "Row" in as_dora.get(reverse("saved-model-rows", args=[saved_model])).content.decode()


def test_a_text_of_several_lines_is_asked_about(
    as_dora: Client, saved_model: SavedModel, texts: Dataset
) -> None:
    page = as_dora.get(reverse("saved-model-detail", args=[saved_model])).content.decode()
    assert '<textarea name="column-0"' in page
    assert "&lt;b&gt;Straße 1&lt;/b&gt;" in page
    url = reverse("saved-model-predict", args=[saved_model])
    as_dora.post(url, {"column-0": " two\r\nlines ", "column-1": "4"})
    assert Prediction.objects.get().rows == [{"review": " two\nlines ", "stars": 4.0}]


def test_versions_differ_in_how_long_their_texts_are(texts: Dataset) -> None:
    other = Dataset(kind="text", task=texts.task, profile=copy.deepcopy(texts.profile))
    other.profile["columns"][0]["lengths"]["words"] |= {"counts": [1, 9]}
    changes = dataset_changes(texts, other)
    assert "review" in [column.name for column in changes.moved]


@pytest.mark.parametrize("wrong", [
    {"words": ["one"]}, {"counts": [1, -1]}, {"head": [1]}, {"lengths": {"words": LENGTHS}},
    {"lengths": {"words": LENGTHS, "characters": {**LENGTHS, "longest": "x"}}},
    {"lengths": {"words": LENGTHS, "characters": {**LENGTHS, "edges": [1]}}}, {"lengths": []},
])  # fmt: skip
def test_what_a_runner_says_of_texts_is_checked(wrong: dict[str, Any]) -> None:
    check_columns({"columns": [COLUMN], "column_count": 1})
    with pytest.raises(BadEvent):
        check_columns({"columns": [{**COLUMN, **wrong}], "column_count": 1})


@pytest.mark.parametrize("kind", ["text", "number", "category", "out"])
def test_a_schema_may_have_columns_of_each_type(kind: str) -> None:
    columns = [FoundColumn("a", kind, 0, 2, []), FoundColumn("y", "category", 0, 2, [])]
    schema = SchemaDetected(2, columns, "y", "classification", "utf-8", ",", ".")
    assert schema_of(schema, {"kind": "text table"})["columns"][0]["type"] == ColumnType(kind)
    columns[0] = FoundColumn("a", "target", 0, 2, [])
    with pytest.raises(BadEvent, match="unknown type"):
        schema_of(schema, {"kind": "text table"})
