"""Preparing built-in datasets with a real runner."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tuning.protocol.catalogue import BY_KEY, CATALOGUE
from tuning.protocol.events import Failed, Prepared, Ready
from tuning.protocol.orders import PrepareOrder

from .conftest import BUNDLED
from .harness import Runner

ROWS = {
    "digits": 1797, "breast-cancer": 569, "wine": 178, "iris": 150, "diabetes": 442,
    "digit-scenes": 1013, "robot-arm": 1500, "pump-sensors": 2000, "gestures": 800,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("key", BUNDLED)
def test_arrays_and_facts_agree(datasets: Path, key: str) -> None:
    folder = datasets / key
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    facts = json.loads((folder / "meta.json").read_text())
    assert len(x) == len(y) == facts["rows"] == ROWS[key]
    assert list(x.shape[1:]) == facts["input_shape"]
    assert x.dtype == np.float32
    assert facts["max_value"] == x.max()
    if BY_KEY[key].task == "classification":
        assert y.dtype == np.int64
        assert facts["class_counts"] == np.bincount(y).tolist()
        assert facts["num_classes"] == len(facts["class_names"]) == len(np.unique(y))
        return
    assert y.dtype == np.float32
    if BY_KEY[key].task == "reconstruction":
        assert not facts.keys() & {"target_name", "target_histogram", "class_names"}
        return
    if BY_KEY[key].task == "multi-label":
        assert facts["label_counts"] == y.sum(axis=0).tolist()
    else:
        several = facts.get("target_histograms") or [facts["target_histogram"]]
        assert [sum(histogram["counts"]) for histogram in several] == [len(y)] * len(several)
    assert y.shape[1:] == ((len(facts["target_names"]),) if "target_names" in facts else ())


@pytest.mark.slow
@pytest.mark.parametrize("key", BUNDLED)
def test_the_load_snippet_gives_the_same_arrays(datasets: Path, key: str) -> None:
    facts = json.loads((datasets / key / "meta.json").read_text())
    names: dict[str, np.ndarray] = {}
    exec(facts["load_snippet"], names)  # noqa: S102  our own text
    assert np.array_equal(names["x"], np.load(datasets / key / "x.npy"))
    if BY_KEY[key].task != "reconstruction":
        assert np.array_equal(names["y"], np.load(datasets / key / "y.npy"))


@pytest.mark.slow
def test_tables_show_their_first_rows(datasets: Path) -> None:
    facts = json.loads((datasets / "iris" / "meta.json").read_text())
    assert facts["feature_names"][0] == "sepal length (cm)"
    assert facts["head"][0] == [5.1, 3.5, 1.4, 0.2, "setosa"]
    assert len(facts["head"]) == 5


@pytest.mark.slow
def test_thumbnails_show_three_images_of_each_class(datasets: Path) -> None:
    facts = json.loads((datasets / "digits" / "meta.json").read_text())
    layout = facts["thumbnails"]
    with Image.open(datasets / "digits" / "thumbnails.png") as sheet:
        assert sheet.size == (10 * 52 - 4, 3 * 52 - 4)
        assert sheet.getextrema()[0] == (0, 255)
    assert (layout["cell_width"], layout["cell_height"], layout["gap"]) == (48, 48, 4)


@pytest.mark.slow
def test_bundled_datasets_need_no_keras(tmp_path: Path) -> None:
    with Runner(tmp_path / "work", "--no-keras") as runner:
        runner.until(Ready)
        maps = Path(f"/proc/{runner.process.pid}/maps")
        runner.send(PrepareOrder("iris"))
        assert isinstance(runner.until(Prepared, Failed)[-1], Prepared)
        if maps.exists():
            assert "tensorflow" not in maps.read_text()


def test_the_catalogue_needs_no_libraries() -> None:
    code = (
        "import sys, tuning.protocol.catalogue, tuning.hypermodels; "
        "assert not {'numpy', 'keras', 'sklearn', 'django'} & set(sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True)
    ready = {entry.key for entry in CATALOGUE if not entry.download_mb}
    assert ready == {*BUNDLED, "reviews", "demand"}


@pytest.mark.tensorflow
def test_a_download_without_a_network_fails_clearly(tmp_path: Path) -> None:
    # A proxy that refuses connections: offline, on a machine that may well be online.
    dead = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    with Runner(tmp_path / "work", "--no-keras", **dead) as runner:
        failed = runner.result(PrepareOrder("mnist"), Prepared)
    assert failed.code == "no_network"
    assert failed.message.startswith("MNIST could not be downloaded: ")
    assert "Connect the worker to the internet" in failed.message
    assert "mnist.npz" in failed.message


@pytest.mark.tensorflow
def test_a_broken_file_in_the_cache_is_not_used(tmp_path: Path) -> None:
    cache = tmp_path / "keras" / "datasets"
    cache.mkdir(parents=True)
    (cache / "mnist.npz").write_bytes(b"half a download")
    with Runner(tmp_path / "work", "--no-keras", https_proxy="http://127.0.0.1:9") as runner:
        assert runner.result(PrepareOrder("mnist"), Prepared).code == "no_network"
