"""Datasets for autoencoders: files without a target, or whose targets are not used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.images import picture, zip_of
from tuning.protocol.events import Event
from tuning.protocol.uploads import IMAGES, Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData
from tuning.runner.inputs.scaling import Scaling

TASK = "reconstruction"
TABLE = "age,city,target\n" + "".join(
    f"{n * 7 % 13},{'Bonn' if n % 3 else 'Ulm'},{n % 2}\n" for n in range(40)
)
X = np.random.default_rng(0).normal(size=(30, 4))


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def prepare(name: str, **options: Any) -> Any:
    sent: list[Event] = []
    upload = Upload(kind_of(name), name, name, 1 << 26, **options)
    return prepare_upload("own-1", upload, Path("prepared"), sent.append)


def stored(name: str) -> np.ndarray:
    return np.load(Path("prepared") / name)


def test_all_columns_of_a_table_are_inputs() -> None:
    Path("rows.csv").write_text(TABLE)
    profile = prepare("rows.csv", task=TASK)
    assert (profile["task"], profile["num_classes"]) == (TASK, None)
    assert [column["name"] for column in profile["columns"]] == ["age", "city", "target"]
    assert not profile.keys() & {"target_name", "target_histogram", "class_names", "head_targets"}
    assert [len(row) for row in profile["head"]] == [3] * 5
    assert len(stored("y.npy")) == len(stored("x.npy")) == 40
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    assert names["x"].columns.tolist() == ["age", "city", "target"]
    assert "y" not in names


def test_a_table_may_leave_columns_out() -> None:
    Path("rows.csv").write_text(TABLE)
    profile = prepare("rows.csv", task=TASK, target="target", types={"target": "out"})
    assert [column["name"] for column in profile["columns"]] == ["age", "city"]


def test_text_is_refused_in_a_sentence() -> None:
    line = "this is a sentence about number {0} of all and so on\n"
    Path("rows.csv").write_text("n,words\n" + "".join(f"{n},{line.format(n)}" for n in range(40)))
    with pytest.raises(BadData, match=r"cannot reconstruct text\. Leave out “words”"):
        prepare("rows.csv", task=TASK)


@pytest.mark.parametrize(
    "arrays", [{"x": X}, {"sensors": X}, {"X_train": X[:20], "X_test": X[20:]}]
)
def test_a_file_without_targets_asks_nobody(arrays: dict[str, Any]) -> None:
    np.savez("rows.npz", **arrays)
    profile = prepare("rows.npz")
    assert profile["task"] == TASK
    assert profile["rows"] == 30
    assert stored("x.npy") == pytest.approx(X)
    assert "There are no targets: models reconstruct the inputs." in profile["notes"]
    assert (profile.get("parts") or {}).get("test", 0) == (10 if len(arrays) > 1 else 0)
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    assert names["x"] == pytest.approx(X, rel=1e-6)


def test_one_npy_file_comes_in_a_zip() -> None:
    """As the page and tune pack it."""
    np.save("sensors.npy", X)
    zip_of(Path("sensors.npy.zip"), {"sensors.npy": Path("sensors.npy").read_bytes()})
    profile = prepare("sensors.npy.zip")
    assert (profile["kind"], profile["task"], profile["rows"]) == ("table", TASK, 30)
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    assert names["x"] == pytest.approx(X, rel=1e-6)


def test_targets_of_a_file_are_not_used_if_a_person_says_so() -> None:
    np.savez("rows.npz", x=X, y=np.arange(30) % 2)
    profile = prepare("rows.npz", task=TASK)
    assert profile["task"] == TASK
    assert "Unused arrays: y." in profile["notes"]


def test_images_need_no_folders() -> None:
    zip_of(Path("flat.zip"), {f"{n}.png": picture(shade=100 + 20 * n) for n in range(6)})
    profile = prepare("flat.zip", task=TASK)
    assert (profile["kind"], profile["task"], profile["rows"]) == ("image", TASK, 6)
    assert kind_of("flat.zip") == IMAGES
    assert json.loads(Path("prepared/meta.json").read_text())["thumbnails"]["columns"]


def test_rare_extremes_do_not_widen_a_scale() -> None:
    """As in tables with categories; a row beyond the training rows is clipped."""
    x = np.linspace(0, 1, 2000, dtype=np.float32)[:, None].repeat(2, axis=1)
    x[7, 0] = 1e6
    x[:, 1] = 3
    scaling = Scaling.learn(x, {"kind": "table"})
    scaled = scaling.apply(x)
    assert scaled[:, 0].max() == 10
    assert np.median(scaled[:, 0]) == pytest.approx(0.5, abs=0.01)
    # What is constant keeps its unit, so that a change is seen.
    assert scaled[:, 1].tolist() == [0] * 2000
    assert scaling.apply(np.array([[0, 3.5]], np.float32))[0, 1] == pytest.approx(0.5)


def test_bytes_are_divided_by_255_and_windows_scaled_by_feature() -> None:
    pixels = np.arange(0, 120, dtype=np.uint8).reshape(2, 6, 10, 1)
    scaled = Scaling.learn(pixels, {"kind": "image"}).apply(pixels)
    assert scaled == pytest.approx(pixels / 255, abs=1e-6)
    windows = np.random.default_rng(0).normal([5, 500], [1, 100], (9, 7, 2))[..., None]
    scaled = Scaling.learn(windows, {"kind": "image", "sequences": True}).apply(windows)
    low, high = windows.min(axis=(0, 1)), windows.max(axis=(0, 1))
    assert scaled == pytest.approx((windows - low) / (high - low), abs=1e-5)
