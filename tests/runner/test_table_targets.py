"""Several targets in a table or array: what is found, what is refused, and what becomes of y."""

from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.findings import write_findings
from tuning.protocol.events import SchemaDetected
from tuning.protocol.orders import Split
from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData
from tuning.splits import split_rows

ROWS = 60
RANDOM = np.random.default_rng(0)
X = RANDOM.random((ROWS, 3)).astype("float32")
TAGS = ["", "red", "blue", "red;blue", "green", "red;green;blue"]

LETTERS = {row: "ab"[row % 2] for row in range(ROWS)}


def table(**changes: Any) -> str:
    """A CSV of ROWS rows. `changes`: cells of a column by row."""
    columns = {
        "n": [f"{value:.3f}" for value in X[:, 0]],
        "height": [f"{20 + 3 * value:.3f}" for value in X[:, 1]],
        "weight": [f"{value:.3f}" for value in X[:, 2]],
        "sick": [str(row % 3 == 0).lower() for row in range(ROWS)],
        "old": [str(int(row % 5 < 2)) for row in range(ROWS)],
        "tags": [TAGS[row % 6] for row in range(ROWS)],
        "country": [("Korea, South", "Korea, North", "Mali")[row % 3] for row in range(ROWS)],
    }
    for name, cells in changes.items():
        for row, cell in cells.items():
            columns[name][row] = cell
    lines = zip(*columns.values(), strict=True)
    quoted = [",".join(f'"{cell}"' if "," in cell else cell for cell in line) for line in lines]
    return "\n".join([",".join(columns), *quoted])


@pytest.fixture
def prepared(tmp_path: Path) -> Any:
    """Prepare a CSV text or arrays: (profile, y), or the schema without a target."""

    def prepare(content: Any, name: str = "", **options: Any) -> Any:
        name = name or ("data.npz" if isinstance(content, dict) else "data.csv")
        if isinstance(content, dict):
            np.savez(tmp_path / "upload.npz", **content)
            (tmp_path / "upload.npz").rename(tmp_path / "upload")
        else:
            (tmp_path / "upload").write_text(content)
        upload = Upload(kind_of(name), "upload", name, 1 << 26, **options)
        sent: list[Any] = []
        with chdir(tmp_path):
            folder = Path(f"prepared-{len(list(tmp_path.iterdir()))}")
            profile = prepare_upload("own-1", upload, folder, sent.append)
            if profile is None:
                return next(event for event in sent if isinstance(event, SchemaDetected))
            return profile, np.load(folder / "y.npy")

    return prepare


@pytest.mark.parametrize(
    "options", [{"target": "weight, height"}, {"target": "weight", "types": {"height": "target"}}]
)
def test_several_columns_of_numbers(prepared: Any, options: dict[str, Any]) -> None:
    profile, y = prepared(table(), **options)
    assert (profile["task"], profile["target_names"]) == ("regression", ["height", "weight"])
    assert [column["name"] for column in profile["columns"]] == [
        "n", "sick", "old", "tags", "country",
    ]  # fmt: skip
    assert y == pytest.approx(np.stack([20 + 3 * X[:, 1], X[:, 2]], axis=1), abs=1e-3)
    assert profile["head_targets"] == ["height", "weight"]


def test_columns_of_yes_and_no_are_labels(prepared: Any) -> None:
    profile, y = prepared(table(), target="sick, old")
    assert (profile["task"], profile["target_names"]) == ("multi-label", ["sick", "old"])
    rows = np.arange(ROWS)
    assert (y == np.stack([rows % 3 == 0, rows % 5 < 2], axis=1)).all()
    assert profile["label_counts"] == [20, 24]


def test_a_column_of_tags_is_found_and_said(prepared: Any) -> None:
    profile, y = prepared(table(), target="tags")
    assert (profile["task"], profile["target_names"]) == ("multi-label", ["blue", "green", "red"])
    expected = [[word in TAGS[row % 6] for word in ("blue", "green", "red")] for row in range(ROWS)]
    assert (y == np.array(expected)).all()
    assert "“tags” contains 3 labels, separated by a semicolon." in profile["notes"]
    assert "10 rows have no labels: their “tags” is empty." in profile["notes"]
    _, y = prepared(table(), target="tags", drop_rows=True)
    assert len(y) == 50


@pytest.mark.parametrize("text", ["red|blue", "['red', 'blue']", "red, blue"])
def test_other_separators(prepared: Any, text: str) -> None:
    cells = [text, "red", text.replace("blue", "green"), "green"]
    changes = {row: cells[row % 4] for row in range(ROWS)}
    profile, _ = prepared(table(tags=changes), target="tags")
    assert profile["target_names"] == ["blue", "green", "red"]


def test_names_with_commas_are_classes(prepared: Any) -> None:
    profile, _ = prepared(table(), target="country")
    assert (profile["task"], profile["num_classes"]) == ("classification", 3)


def test_a_person_may_want_one_class_of_tags(prepared: Any) -> None:
    profile, _ = prepared(table(), target="tags", task="classification", drop_rows=True)
    assert profile["class_names"] == sorted(TAGS[1:])


def test_rows_without_all_targets_are_dropped_on_request(prepared: Any) -> None:
    text = table(height={3: ""}, weight={3: "", 7: ""})
    profile, y = prepared(text, target="height, weight", drop_rows=True)
    assert y.shape == (58, 2)
    assert y[:, 1] == pytest.approx(np.delete(X[:, 2], [3, 7]), abs=1e-3)
    assert "2 rows were dropped because they have not all targets." in profile["notes"]


@pytest.mark.parametrize(
    ("options", "changes", "sentence"),
    [
        ({"target": "height, sick"}, {}, "“sick” contains yes or no and “height” numbers"),
        ({"target": "height, country"}, {}, "“country” contains classes and “height” numbers"),
        ({"target": "country, n", "drop_rows": True}, {"n": LETTERS},
         "Only one target may have classes"),
        ({"target": "height, weight"}, {"weight": {4: ""}}, "1 row has no target: “weight” is"),
        ({"target": "height, nothing"}, {}, "No column “nothing”"),
        ({"target": "sick, n", "task": "multi-label"}, {}, "column contains only 0 and 1"),
        ({"target": "sick, old", "task": "classification"}, {}, "Only one target may have classes"),
        ({"target": "sick, old"}, {"old": dict.fromkeys(range(ROWS), "0")}, "is set on no row"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_refused(
    prepared: Any, options: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadData, match=sentence):
        prepared(table(**changes), **options)


def test_a_person_may_want_numbers_of_0_and_1(prepared: Any) -> None:
    profile, y = prepared(table(), target="height, old", task="regression")
    assert profile["task"] == "regression"
    assert set(y[:, 1]) == {0, 1}


def test_the_schema_says_what_separates_labels(prepared: Any) -> None:
    labelled = table().replace("tags,country", "labels,country")
    found = prepared(labelled)
    assert (found.target, found.task, found.separator) == ("labels", "multi-label", ";")


def labels(rows: int = ROWS) -> np.ndarray:
    return (np.random.default_rng(1).random((rows, 4)) < 0.3).astype(int)


def test_arrays_of_0_and_1_are_labels(prepared: Any) -> None:
    profile, y = prepared({"x": X, "y": labels()})
    assert (profile["task"], y.dtype) == ("multi-label", np.float32)
    assert (y == labels()).all()
    assert profile["target_names"] == ["label 1", "label 2", "label 3", "label 4"]


def test_one_hot_rows_stay_classes_unless_a_person_says_otherwise(prepared: Any) -> None:
    one_hot = np.eye(3)[np.arange(ROWS) % 3]
    profile, y = prepared({"x": X, "y": one_hot})
    assert (profile["task"], y.shape) == ("classification", (ROWS,))
    profile, y = prepared({"x": X, "y": one_hot}, task="multi-label")
    assert (profile["task"], y.shape) == ("multi-label", (ROWS, 3))


@pytest.mark.parametrize(
    ("y", "sentence"),
    [
        (np.arange(2 * ROWS).reshape(-1, 2) % 4, "Only one target may have classes"),
        (np.stack([np.arange(ROWS) % 4, X[:, 0]], axis=1), "Targets must be of one kind"),
        (np.stack([X[:, 0], np.full(ROWS, 2.5)], axis=1), "the same value in every row"),
        (np.where(labels() == 1, np.nan, 0.5), "values that are NaN or infinite"),
        (np.zeros((ROWS, 2, 2)), "Targets have shape"),
    ],
)
def test_arrays_that_cannot_be_targets(prepared: Any, y: np.ndarray, sentence: str) -> None:
    with pytest.raises(BadData, match=sentence):
        prepared({"x": X, "y": y})


def test_parts_of_labelled_images(tmp_path: Path) -> None:
    write_findings(tmp_path / "upload")
    Path(tmp_path / "upload.npz").rename(tmp_path / "upload")
    with chdir(tmp_path):
        upload = Upload("arrays", "upload", "chest.npz", 1 << 26)
        profile = prepare_upload("own-1", upload, Path("prepared"), lambda _: None)
        y = np.load("prepared/y.npy")
    assert profile is not None
    assert (profile["kind"], profile["task"], y.shape) == ("image", "multi-label", (240, 5))
    assert profile["parts"] == {"train": 160, "validation": 40, "test": 40}
    # Three pictures of each finding.
    assert profile["thumbnails"]["columns"] == 5


@pytest.mark.parametrize("rows", [30, 237, 1000])
def test_labels_keep_their_shares_and_parts_their_sizes(rows: int) -> None:
    y = (np.random.default_rng(2).random((rows, 6)) < [0.5, 0.3, 0.2, 0.1, 0.1, 0.05]).astype("f4")
    split = Split(0.7, 0.15, 0.15, 3, stratified=True)
    parts = split_rows(y, split)
    plain = split_rows(np.zeros(rows), split)
    assert {name: len(part) for name, part in parts.items()} == {
        name: len(part) for name, part in plain.items()
    }
    assert sorted(np.concatenate(list(parts.values()))) == list(range(rows))
    for name, share in (("train", 0.7), ("validation", 0.15), ("test", 0.15)):
        assert np.abs(y[parts[name]].sum(axis=0) - share * y.sum(axis=0)).max() <= 3
    again = split_rows(y.copy(), split)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)
    other = split_rows(y, Split(0.7, 0.15, 0.15, 4, stratified=True))
    assert not np.array_equal(parts["test"], other["test"])
