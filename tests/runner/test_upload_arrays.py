"""Arrays of an .npz file under any names, and images in them in other sizes and colours."""

import io
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images import zip_of
from tuning.protocol.events import Event, FoundArrays
from tuning.protocol.uploads import ARRAYS, IMAGES, Upload
from tuning.runner.datasets.array_names import propose, role_of
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData

CASES = Path(__file__).parents[1] / "cases"
MB = 1024 * 1024


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's folder, and we are in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def prepare(file: str, kind: str = ARRAYS, **options: Any) -> tuple[Any, list[Event]]:
    """The profile, or None if somebody has to choose, and what was sent before."""
    sent: list[Event] = []
    shutil.rmtree("prepared", ignore_errors=True)
    upload = Upload(kind, file, file, options.pop("most_bytes", 64 * MB), **options)
    return prepare_upload("own-1", upload, Path("prepared"), sent.append), sent


def read(given: dict[str, Any], **options: Any) -> Any:
    np.savez_compressed("data.npz", **given)
    profile, _ = prepare("data.npz", **options)
    return profile


def asked(arrays: dict[str, Any]) -> dict[str, Any]:
    """The arrays that are proposed to a person, by their roles."""
    np.savez_compressed("data.npz", **arrays)
    profile, sent = prepare("data.npz")
    assert profile is None
    (found,) = [event for event in sent if isinstance(event, FoundArrays)]
    assert not found.clear
    return found.roles


def check_snippet(profile: dict[str, Any]) -> None:
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    names["data"].close()
    x = np.load("prepared/x.npy")
    assert names["x"].dtype == x.dtype
    assert np.array_equal(names["x"], x)
    assert np.array_equal(names["y"], np.load("prepared/y.npy"))


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("x", "x_train"), ("Y", "y_train"), ("X_train", "x_train"), ("trainX", "x_train"),
        ("xtrain", "x_train"), ("XTRAIN", "x_train"), ("train/x", "x_train"),
        ("y_valid", "y_val"), ("x_dev", "x_val"), ("testY", "y_test"),
        ("eval_data", "x_val"), ("holdout_labels", "y_test"), ("te-x", "x_test"),
        ("train_images", "x_train"), ("val_labels", "y_val"), ("image_labels", "y_train"),
        ("data", "x_train"), ("train_data", "x_train"), ("target_data", "y_train"),
        ("features", "x_train"), ("Targets", "y_train"), ("TestLabels", "y_test"),
        ("class_names", None), ("feature_names", None), ("ids", None), ("train", None),
        ("x_train_test", None), ("x_день", None), ("", None),
    ],
)  # fmt: skip
def test_names_of_arrays_are_known(name: str, role: str | None) -> None:
    assert role_of(name) == role


X, Y = (20, 3), (20,)


@pytest.mark.parametrize(
    ("shapes", "roles"),
    [
        ({"data": X, "target": (20, 1)}, {"x_train": "data", "y_train": "target"}),
        ({"inputs": X, "outputs": Y, "classes": (4,)}, {"x_train": "inputs", "y_train": "outputs"}),
        ({"x": X, "y": Y, "classes": (4,)}, {"x_train": "x", "y_train": "y"}),
        ({"arr_0": X, "arr_1": Y}, {"x_train": "arr_0", "y_train": "arr_1"}),
        ({"arr_0": X, "arr_1": (20, 2)}, {"x_train": "arr_0", "y_train": "arr_1"}),
        ({"X_train": X, "y_train": Y, "X_dev": (5, 3), "y_dev": (5,)},
         {"x_train": "X_train", "y_train": "y_train", "x_val": "X_dev", "y_val": "y_dev"}),
    ],
)  # fmt: skip
def test_clear_arrays_need_no_person(shapes: dict[str, Any], roles: dict[str, str]) -> None:
    proposal = propose(shapes)
    assert (proposal.roles, proposal.clear) == (roles, True)


@pytest.mark.parametrize(
    ("shapes", "roles"),
    [
        ({"spectra": X, "glucose": Y}, {"x_train": "spectra", "y_train": "glucose"}),
        ({"arr_0": Y, "arr_1": X}, {"x_train": "arr_1", "y_train": "arr_0"}),
        ({"arr_0": X, "arr_1": (5, 3), "arr_2": Y, "arr_3": (5,)},
         {"x_train": "arr_0", "y_train": "arr_2", "x_test": "arr_1", "y_test": "arr_3"}),
        ({"x_train": X, "y_train": Y, "x_test": X}, {"x_train": "x_train", "y_train": "y_train"}),
        ({"x": X, "y": Y, "x_test": X, "y_test": Y},
         {"x_train": "x", "y_train": "y", "x_test": "x_test", "y_test": "y_test"}),
        ({"x": X, "y": Y, "x_train": X, "y_train": Y},
         {"x_train": "x_train", "y_train": "y_train"}),
        ({"images": X, "features": X, "labels": Y}, {"x_train": "images", "y_train": "labels"}),
        ({"a": X, "b": X}, {"x_train": "a", "y_train": "b"}),
        ({"a": (2, 2, 2), "b": (3, 3, 3)}, {}),
        ({"a": (), "b": ()}, {}),
    ],
)  # fmt: skip
def test_where_it_is_not_clear_a_person_is_asked(
    shapes: dict[str, Any], roles: dict[str, str]
) -> None:
    proposal = propose(shapes)
    assert (proposal.roles, proposal.clear) == (roles, False)


def test_a_medmnist_file_is_read_as_it_is(workplace: Path) -> None:
    shutil.copy(CASES / "medmnist_like.npz", workplace)
    profile, _ = prepare("medmnist_like.npz")
    assert (profile["kind"], profile["task"]) == ("image", "classification")
    assert profile["input_shape"] == [28, 28, 1]
    assert profile["parts"] == {"train": 240, "validation": 60, "test": 60}
    check_snippet(profile)


def test_windows_with_a_capital_x_are_read_as_they_are(workplace: Path) -> None:
    shutil.copy(CASES / "windows.npz", workplace)
    profile, _ = prepare("windows.npz")
    assert (profile["kind"], profile["task"]) == ("sequence", "regression")
    assert profile["input_shape"] == [12, 4]
    assert profile["parts"] == {"train": 240, "validation": 30, "test": 30}
    check_snippet(profile)


def test_a_person_s_choice_goes_before_the_names(workplace: Path) -> None:
    rows = np.arange(60.0).reshape(20, 3)
    arrays = {"x": rows, "y": np.arange(20) % 2, "it's": rows * 2, 'q"\n': np.arange(20) % 4}
    profile = read(arrays, arrays={"x_train": "it's", "y_train": 'q"\n'})
    assert profile["head"][1] == [6.0, 8.0, 10.0, "1"]
    assert profile["num_classes"] == 4
    assert any(
        note.startswith("Unused arrays: x, y. Several arrays of inputs")
        for note in profile["notes"]
    )
    check_snippet(profile)


@pytest.mark.parametrize(
    ("roles", "words"),
    [
        ({"x_train": "a", "y_train": "gone"}, "The file has no array gone. It contains: a, b, c"),
        ({"x_train": "a", "y_train": "c"}, "a has 20 rows, but c has 5"),
        ({"x_train": "a"}, "The array a needs its targets"),
        ({"x_test": "a", "y_test": "b"}, "Select training inputs and targets"),
    ],
)
def test_wrong_choices_get_a_sentence(workplace: Path, roles: dict[str, str], words: str) -> None:
    arrays = {"a": np.ones((20, 3)), "b": np.arange(20) % 2, "c": np.arange(5)}
    with pytest.raises(BadData, match=words):
        read(arrays, arrays=roles)


def test_what_cannot_be_used_is_named_and_not_proposed(workplace: Path) -> None:
    content: dict[str, bytes] = {}
    for name, array in (("a", np.ones((20, 3))), ("b", np.arange(20)), ("c", np.array([{}] * 20))):
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=True)
        content[f"{name}.npy"] = buffer.getvalue()
    lying = io.BytesIO()
    facts = {"descr": "<f8", "fortran_order": False, "shape": (4_000_000_000,)}
    np.lib.format.write_array_header_1_0(lying, facts)
    content |= {"d.npy": lying.getvalue(), "e.npy": b"nonsense", "readme.txt": b"hello"}
    zip_of(workplace / "data.npz", content)
    _, (found, *_) = prepare("data.npz")
    assert isinstance(found, FoundArrays)
    problems = {array.name: array.problem for array in found.arrays}
    assert list(problems) == ["a", "b", "c", "d", "e"]
    assert problems["a"] == problems["b"] == ""
    assert "contains Python objects" in problems["c"]
    assert "declares 32,000,000,000 bytes" in problems["d"]
    assert "is damaged" in problems["e"]
    assert found.roles == {"x_train": "a", "y_train": "b"}


def test_an_array_whose_name_is_a_path_lands_in_the_runner_s_folder(workplace: Path) -> None:
    content: dict[str, bytes] = {}
    for name, array in (("train/x", np.ones((20, 3))), ("train/y", np.arange(20) % 2)):
        buffer = io.BytesIO()
        np.save(buffer, array)
        content[f"{name}.npy"] = buffer.getvalue()
    zip_of(workplace / "data.npz", content)
    profile, _ = prepare("data.npz")
    assert profile["rows"] == 20
    assert sorted(path.name for path in workplace.iterdir()) == ["data.npz", "prepared"]


def test_a_thousand_arrays_are_not_all_shown(workplace: Path) -> None:
    arrays = {f"n{number}": np.ones(1) for number in range(300)}
    assert asked({**arrays, "X": np.ones((9, 2)), "target": np.ones((9, 1)), "Xs": np.ones((9, 2))})


# --- Images ----------------------------------------------------------------------------------


def images(channels: int, dtype: Any, rows: int = 6) -> np.ndarray:
    shape = (rows, 9, 7, channels) if channels else (rows, 9, 7)
    x = np.random.default_rng(1).random(shape)
    return (x * 255).astype(dtype) if np.dtype(dtype).kind in "iu" else x.astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.uint16])
@pytest.mark.parametrize("channels", [0, 1, 3, 4])
@pytest.mark.parametrize("colours", ["", "grey", "colour"])
def test_images_get_the_chosen_size_and_colours(
    workplace: Path, channels: int, dtype: Any, colours: str
) -> None:
    x = images(channels, dtype)
    given = {"x": x, "y": np.arange(6) % 2}
    if channels == 4 and not colours:
        with pytest.raises(BadData, match=r"4 channels.* choose RGB or grey"):
            read(given, side=16)
        return
    profile = read(given, side=16, colours=colours)
    wanted = {"grey": 1, "colour": 3}.get(colours, channels or 1)
    assert profile["input_shape"] == [16, 16, wanted]
    assert profile["dtype"] == ("uint8" if dtype is np.uint8 else "float32")
    assert x.min() <= profile["min_value"] < profile["max_value"] <= x.max() * 1.00001
    assert (
        "6 of 6 images were scaled to 16 × 16 pixels, whatever their proportions."
        in (profile["notes"])
    )
    assert Path("prepared/thumbnails.png").exists()
    check_snippet(profile)


@pytest.mark.parametrize("colours", ["grey", "colour"])
@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_become_the_same_pixels_as_files(
    workplace: Path, channels: int, colours: str
) -> None:
    x = images(channels, np.uint8)
    files = {}
    for number, image in enumerate(x):
        buffer = io.BytesIO()
        Image.fromarray(image[..., 0] if channels == 1 else image).save(buffer, "PNG")
        files[f"{number % 2}/{number}.png"] = buffer.getvalue()
    zip_of(workplace / "photos.zip", files)
    prepare("photos.zip", IMAGES, side=20, colours=colours)
    of_files = np.load("prepared/x.npy")
    read({"x": x, "y": np.arange(6) % 2}, side=20, colours=colours)
    assert np.array_equal(np.load("prepared/x.npy"), of_files)


def test_floats_are_scaled_and_made_grey_like_bytes(workplace: Path) -> None:
    x = images(3, np.uint8)
    given = {"y": np.arange(6) % 2}
    read({**given, "x": x}, side=20, colours="grey")
    of_bytes = np.load("prepared/x.npy").astype(float)
    read({**given, "x": x / 255}, side=20, colours="grey")
    assert np.abs(np.load("prepared/x.npy") * 255 - of_bytes).max() < 1.5


def test_tables_are_no_images(workplace: Path) -> None:
    given = {"x": np.ones((20, 3)), "y": np.arange(20) % 2}
    with pytest.raises(BadData, match=r"its rows are not images\. Leave image size and colours"):
        read(given, side=16)
    with pytest.raises(BadData, match="with 1 or 3 channels"):
        read({**given, "x": np.ones((20, 5, 8, 8))}, colours="grey")


def test_the_size_to_be_is_checked_before_anything_is_unpacked(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"x": images(1, np.uint8), "y": np.arange(6) % 2}
    with pytest.raises(
        BadData, match=r"The prepared inputs need 4 MB, more than the limit of 1 MB.* smaller"
    ):
        read(given, side=512, colours="colour", most_bytes=MB)
    usage = shutil.disk_usage(workplace)._replace(free=MB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(BadData, match="the worker has 1 MB of free disk space"):
        read(given, side=512, colours="colour")
    assert not list(workplace.glob("unpacked-*"))
    assert zipfile.is_zipfile("data.npz")


@pytest.mark.parametrize(
    ("rows", "sequences"),
    [
        (np.zeros((12, 4), np.float32), True),
        (np.linspace(-3, 3, 60 * 20, dtype=np.float32).reshape(60, 20), True),
        (np.linspace(0, 1, 28 * 28).reshape(28, 28), False),
        (np.linspace(-1, 1, 28 * 28).reshape(28, 28), False),
        (np.linspace(0, 1, 60 * 20).reshape(60, 20), False),
        (np.zeros((12, 4), np.uint8), False),
        (np.zeros((12, 4, 1), np.float32), False),
    ],
)
def test_windows_of_measurements_are_no_pictures(
    workplace: Path, rows: np.ndarray, sequences: bool
) -> None:
    profile = read({"x": np.stack([rows] * 12), "y": np.arange(12) % 2})
    assert profile["kind"] == ("sequence" if sequences else "image")
    assert len(profile["input_shape"]) == (2 if sequences else 3)
    assert Path("prepared/thumbnails.png").exists() != sequences
