"""Readers of uploads: what they make of good files, and one sentence for each bad one."""

import io
import json
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.images import picture, shapes, zip_of
from tuning.protocol import archives
from tuning.protocol.uploads import ARRAYS, IMAGES, Upload
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData
from tuning.supervisor.assignments.preparation import facts_of

MB = 1024 * 1024


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's folder, and we are in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def read(path: Path, kind: str = "", **options: Any) -> dict[str, Any]:
    """The profile of a file that lies in the working folder."""
    kind = kind or (ARRAYS if path.suffix == ".npz" else IMAGES)
    upload = Upload(kind, path.name, path.name, options.pop("most_bytes", 64 * MB), **options)
    return prepare_upload("own-1", upload, Path("prepared"), lambda _: None)


def npz(folder: Path, **arrays: Any) -> Path:
    np.savez_compressed(folder / "data.npz", **arrays)
    return folder / "data.npz"


def table(rows: int = 20) -> dict[str, np.ndarray]:
    return {
        "x": np.arange(rows * 3, dtype=np.float64).reshape(rows, 3),
        "y": np.arange(rows) % 2,
    }


def run_snippet(profile: dict[str, Any]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    return names


def check_snippet(profile: dict[str, Any]) -> None:
    names = run_snippet(profile)
    x = np.load("prepared/x.npy")
    assert names["x"].dtype == x.dtype
    assert np.array_equal(names["x"], x)
    assert np.array_equal(names["y"], np.load("prepared/y.npy"))
    if profile["task"] == "classification":
        assert [str(name) for name in names["class_names"]] == profile["class_names"]


# --- Arrays ----------------------------------------------------------------------------------


def test_a_table_with_classes(workplace: Path) -> None:
    profile = read(npz(workplace, **table()))
    assert (profile["kind"], profile["task"], profile["rows"]) == ("table", "classification", 20)
    assert profile["class_names"] == ["0", "1"]
    assert profile["class_counts"] == [10, 10]
    assert profile["head"][1] == [3.0, 4.0, 5.0, "1"]
    assert json.loads(Path("prepared/meta.json").read_text()) == profile
    assert sorted(path.name for path in workplace.iterdir()) == ["data.npz", "prepared"]
    check_snippet(profile)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int16])
@pytest.mark.parametrize("shape", [(10, 8), (10, 8, 1), (10, 8, 3)])
def test_images_in_arrays(workplace: Path, shape: tuple[int, ...], dtype: Any) -> None:
    x = np.random.default_rng(1).integers(0, 200, (12, *shape)).astype(dtype)
    profile = read(npz(workplace, x=x, y=np.array(["cat", "dog", "eel"] * 4)))
    assert profile["kind"] == "image"
    assert profile["input_shape"] == [10, 8, shape[2] if len(shape) == 3 else 1]
    assert profile["dtype"] == ("uint8" if dtype is np.uint8 else "float32")
    assert profile["class_names"] == ["cat", "dog", "eel"]
    with Image.open("prepared/thumbnails.png") as sheet:
        assert sheet.size[0] > 100
    check_snippet(profile)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("options", [{}, {"side": 4, "colours": "grey"}])
def test_images_whose_channels_come_first(
    workplace: Path, channels: int, options: dict[str, Any]
) -> None:
    x = np.random.default_rng(1).integers(0, 200, (12, channels, 8, 6)).astype(np.uint8)
    profile = read(npz(workplace, x=x, y=np.arange(12) % 2), **options)
    assert profile["input_shape"] == ([4, 4, 1] if options else [8, 6, channels])
    assert "moved from the first to the last dimension" in " ".join(profile["notes"])
    if not options:
        assert np.array_equal(np.load("prepared/x.npy"), np.moveaxis(x, 1, -1))
        check_snippet(profile)


def test_arrays_in_fortran_s_order_keep_their_rows(workplace: Path) -> None:
    arrays = table()
    profile = read(npz(workplace, x=np.asfortranarray(arrays["x"]), y=arrays["y"]))
    assert profile["head"][1] == [3.0, 4.0, 5.0, "1"]


def test_fractions_are_a_quantity(workplace: Path) -> None:
    profile = read(npz(workplace, x=table()["x"], y=np.linspace(0, 1, 20)))
    assert (profile["task"], profile["num_classes"]) == ("regression", None)
    check_snippet(profile)


def test_few_whole_floats_are_classes(workplace: Path) -> None:
    profile = read(npz(workplace, x=table()["x"], y=np.array([0.0, 1.0] * 10).reshape(-1, 1)))
    assert profile["class_names"] == ["0", "1"]
    assert "used as classes" in " ".join(profile["notes"])


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.bool_])
def test_one_hot_targets_are_classes(workplace: Path, dtype: Any) -> None:
    profile = read(npz(workplace, x=table()["x"], y=np.eye(2)[table()["y"]].astype(dtype)))
    assert (profile["task"], profile["class_names"]) == ("classification", ["0", "1"])
    assert np.load("prepared/y.npy").tolist() == table()["y"].tolist()
    assert profile["notes"][0].startswith("y was one-hot")
    check_snippet(profile)


def test_parts_are_kept_and_the_page_says_so(workplace: Path) -> None:
    arrays = {f"{name}_{part}": a for part in ("train", "test") for name, a in table().items()}
    profile = read(npz(workplace, **arrays))
    assert profile["rows"] == 40
    assert profile["notes"][0] == (
        "Predefined split of rows: 20 for training, 20 for test. Projects keep it or create a "
        "new split. Rows for validation are taken from the training rows."
    )
    assert profile["parts"] == {"train": 20, "validation": 0, "test": 20}
    assert profile["train_class_counts"] == [10, 10]
    assert np.load("prepared/parts.npy").tolist() == [0] * 20 + [2] * 20
    assert facts_of(profile) == {"kind": "table", "task": "classification"}
    check_snippet(profile)


@pytest.mark.parametrize("parts", [("train",), ("train", "val", "test")])
def test_an_empty_part_is_none(workplace: Path, parts: tuple[str, ...]) -> None:
    arrays = {f"{name}_{part}": a for part in parts for name, a in table().items()}
    arrays |= {"x_test": X[:0], "y_test": Y[:0]}
    profile = read(npz(workplace, **arrays))
    assert profile.get("parts") == (
        {"train": 20, "validation": 20, "test": 0} if "val" in parts else None
    )
    assert Path("prepared/parts.npy").exists() == ("val" in parts)


def test_wide_tables_show_their_first_columns(workplace: Path) -> None:
    profile = read(npz(workplace, x=np.ones((10, 60)), y=np.arange(10) % 2))
    assert len(profile["head"][0]) == len(profile["head_names"]) + 1 == 42


X = table()["x"]
Y = table()["y"]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"x": X, "y": Y[:-1]}, "x has 20 rows, but y has 19"),
        ({"x": X, "y": np.array([{}] * 20)}, "y contains Python objects"),
        ({"x": np.array([None] * 20), "y": Y}, "x contains Python objects"),
        ({"x": X, "y": np.where(Y == 0, np.nan, 0.5)}, "y contains 10 values that are NaN"),
        ({"x": X, "y": np.where(Y == 0, np.inf, 0.5)}, "y contains 10 values"),
        ({"x": np.where(X == 4, np.nan, X), "y": Y}, "The inputs contain 1 values"),
        ({"x": X, "y": Y * 0}, "only one class, “0”"),
        ({"x": X, "y": np.r_[Y[:-1], 7]}, "The class “7” has only 1 row"),
        ({"x": X, "y": np.arange(20)}, "20 classes have only 1 row"),
        ({"x": X, "y": np.full(20, 0.5)}, "All rows have the same target"),
        ({"x": X[:, 0], "y": Y}, r"x has shape \(20,\)"),
        ({"x": np.ones((20, 5, 8, 8)), "y": Y}, "with 1 or 3 channels"),
        ({"x": np.ones((20, 5001)), "y": Y}, "5,001 columns, more than the limit of 5,000"),
        ({"x": X.astype(complex), "y": Y}, "has type complex128"),
        ({"x": X.astype(str), "y": Y}, "x contains text"),
        ({"x": X, "y": np.ones((20, 2))}, "label 1” is set on every row"),
        ({"x": X, "y": np.full((20, 3), 0.3)}, "“y 1” has the same value in every row"),
        ({"x": X, "y": np.full((20, 2), "a")}, r"y has shape \(20, 2\)"),
        ({"x": X, "y": np.eye(20)}, "20 classes have only 1 row"),
        (
            {"x_train": X, "y_train": np.eye(2)[Y], "x_test": X, "y_test": Y},
            r"y_train has shape \(20, 2\), but y_test has \(20,\)",
        ),
        ({"x": X[:0], "y": Y[:0]}, "empty"),
        ({"x": X, "y": np.array([""] * 10 + ["a"] * 10)}, "empty text"),
    ],
)
def test_arrays_are_refused_with_a_sentence(
    workplace: Path, arrays: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadData, match=words) as error:
        read(npz(workplace, **arrays))
    assert str(error.value).endswith(".")


def test_a_header_that_declares_thirty_gigabytes_is_not_believed(workplace: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (4_000_000_000,)}
    )
    path = zip_of(workplace / "data.npz", {"x.npy": header.getvalue(), "y.npy": header.getvalue()})
    with pytest.raises(BadData, match="declares 32,000,000,000 bytes, but contains 0"):
        read(path)


def test_what_unpacks_to_too_much_is_refused(workplace: Path) -> None:
    path = npz(workplace, x=np.zeros((300_000, 3)), y=np.arange(300_000) % 2)
    with pytest.raises(BadData, match="times its size, more than the limit of 200 times"):
        read(path)
    with pytest.raises(BadData, match="The unpacked file needs 9 MB, more than the limit of 5 MB"):
        prepare_upload(
            "k", Upload(ARRAYS, path.name, "d.npz", 5 * MB), Path("again"), lambda _: None
        )


# --- Archives --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../up.png", "/etc/x.png", "a/../../x.png", "C:/x.png", "..\\x"])
def test_names_that_lead_out_refuse_the_file(workplace: Path, name: str) -> None:
    with pytest.raises(BadData, match="points outside its folder"):
        read(zip_of(workplace / "p.zip", {**shapes(), name: picture()}))


def test_links_refuse_the_file(workplace: Path) -> None:
    path = zip_of(workplace / "p.zip", shapes())
    with zipfile.ZipFile(path, "a") as archive:
        link = zipfile.ZipInfo("dark/link.png")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BadData, match="is a link"):
        read(path)


@pytest.mark.parametrize("name", ["more.zip", "dark/more.tar.gz", "a.npz"])
def test_archives_within_refuse_the_file(workplace: Path, name: str) -> None:
    with pytest.raises(BadData, match="a nested archive"):
        read(zip_of(workplace / "p.zip", {**shapes(), name: b"PK"}))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_refuse_the_file(workplace: Path, method: int) -> None:
    with zipfile.ZipFile(workplace / "p.zip", "w", method) as archive:
        archive.writestr("dark/1.png", picture())
    with pytest.raises(BadData, match="a method other than deflate"):
        read(workplace / "p.zip")


def test_too_many_entries_are_counted_not_loaded(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 5)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(BadData, match="more than 5 files"):
        read(zip_of_bytes(workplace, shapes()))


def zip_of_bytes(folder: Path, files: dict[str, bytes]) -> Path:
    """A zip, written without the zipfile module."""
    body, directory = b"", b""
    for name, content in files.items():
        head = struct.pack("<5H3L2H", 20, 0, 0, 0, 33, zlib.crc32(content), *[len(content)] * 2,
                           len(name), 0)  # fmt: skip
        directory += b"PK\1\2\x14\0" + head + bytes(10) + struct.pack("<L", len(body))
        directory += name.encode()
        body += b"PK\3\4" + head + name.encode() + content
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(files), len(files), len(directory),
                      len(body), 0)  # fmt: skip
    (folder / "hand.zip").write_bytes(body + directory + end)
    return folder / "hand.zip"


def test_a_zip_written_by_hand_is_read(workplace: Path) -> None:
    assert read(zip_of_bytes(workplace, shapes()))["rows"] == 8


def test_overlapping_entries_refuse_the_file(workplace: Path) -> None:
    path = zip_of_bytes(workplace, shapes())
    content = bytearray(path.read_bytes())
    second = [match.start() for match in re.finditer(b"PK\1\2", content)][1]
    content[second + 42 : second + 46] = bytes(4)
    path.write_bytes(content)
    with pytest.raises(BadData, match="overlaps another file"):
        read(path)


def test_encrypted_entries_refuse_the_file(workplace: Path) -> None:
    path = zip_of_bytes(workplace, shapes())
    path.write_bytes(
        path.read_bytes().replace(b"PK\1\2\x14\0\x14\0\0\0", b"PK\1\2\x14\0\x14\0\1\0")
    )
    with pytest.raises(BadData, match="is encrypted"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"PK\3\4", b"PK\5\6" + bytes(10), b"PK\3\4" * 99]
)
@pytest.mark.parametrize("ending", [".npz", ".zip"])
def test_what_is_no_archive_is_refused(workplace: Path, content: bytes, ending: str) -> None:
    path = workplace / f"file{ending}"
    path.write_bytes(content)
    with pytest.raises(BadData, match=r"not a zip archive|damaged"):
        read(path)


# --- Images ----------------------------------------------------------------------------------


def test_images_in_folders(workplace: Path) -> None:
    files = {**shapes(), "__MACOSX/dark/1.png": b"", "shapes/.DS_Store": b"", "README.txt": b"hi"}
    profile = read(zip_of(workplace / "p.zip", files))
    assert (profile["kind"], profile["rows"]) == ("image", 8)
    assert profile["input_shape"] == [12, 12, 1]
    assert profile["class_names"] == ["dark", "light"]
    assert profile["dropped"] == [{"name": "README.txt", "reason": "is not an image"}]
    check_snippet(profile)


def test_images_of_several_sizes_and_formats_are_made_alike(workplace: Path) -> None:
    files = {
        f"{label}/{kind}{size[0]}.{kind.lower()}": picture(size, kind=kind)
        for label in ("a", "b")
        for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP")
        for size in ((20, 30), (50, 40))
    }
    profile = read(zip_of(workplace / "p.zip", files))
    assert profile["rows"] == 20
    assert profile["input_shape"][:2] == [20, 20]
    assert "20 of 20 images were scaled to 20 × 20 pixels" in profile["notes"][0]
    check_snippet(profile)


def test_size_and_colours_are_chosen(workplace: Path) -> None:
    path = zip_of(workplace / "p.zip", shapes())
    profile = read(path, side=16, colours="colour")
    assert profile["input_shape"] == [16, 16, 3]
    check_snippet(profile)


def test_large_images_become_small(workplace: Path) -> None:
    files = {f"{label}/{n}.png": picture((90 + n, 90)) for label in "ab" for n in range(2)}
    assert read(zip_of(workplace / "p.zip", files))["input_shape"] == [64, 64, 1]


def test_parts_of_images_are_kept(workplace: Path) -> None:
    files = {
        f"top/{part}/{name[7:]}": c
        for part in ("Training", "val", "test")
        for name, c in shapes().items()
    }
    # A broken one leaves all others in their parts.
    files["top/val/dark/0.png"] = files["top/val/dark/0.png"][:60]
    files |= {f"top/test/light/more{n}.png": picture() for n in range(4)}
    profile = read(zip_of(workplace / "p.zip", files))
    assert (profile["rows"], profile["class_names"]) == (27, ["dark", "light"])
    assert "8 for training, 7 for validation, 12 for test" in " ".join(profile["notes"])
    assert profile["parts"] == {"train": 8, "validation": 7, "test": 12}
    assert np.bincount(np.load("prepared/parts.npy")).tolist() == [8, 7, 12]
    check_snippet(profile)


def test_without_a_training_part_nothing_is_kept(workplace: Path) -> None:
    files = {f"{part}/{name[7:]}": c for part in ("val", "test") for name, c in shapes().items()}
    profile = read(zip_of(workplace / "p.zip", files))
    assert "parts" not in profile
    assert profile["class_names"] == ["dark", "light"]


def test_grey_images_of_16_bits_are_scaled(workplace: Path) -> None:
    deep = np.linspace(0, 65535, 144).reshape(12, 12).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(deep).save(buffer, "PNG")
    profile = read(
        zip_of(workplace / "p.zip", {**shapes(), "shapes/dark/0.png": buffer.getvalue()})
    )
    assert profile["input_shape"] == [12, 12, 1]
    assert "Images of 16 bits for each pixel (1 of 8) were scaled to 8 bits." in profile["notes"]
    assert any(np.array_equal(x[..., 0], deep // 257) for x in np.load("prepared/x.npy"))
    check_snippet(profile)


def test_a_few_broken_images_are_left_out_and_named(workplace: Path) -> None:
    files = {**shapes(10), "shapes/dark/cut.png": picture()[:60], "shapes/dark/x.jpg": b"text"}
    profile = read(zip_of(workplace / "p.zip", files))
    assert profile["rows"] == 20
    assert {drop["name"] for drop in profile["dropped"]} == {
        "shapes/dark/cut.png", "shapes/dark/x.jpg",
    }  # fmt: skip
    assert np.load("prepared/x.npy").shape == (20, 12, 12, 1)
    check_snippet(profile)


def _png_of(width: int, height: int) -> bytes:
    """A PNG that only declares its size."""
    head = struct.pack(">2L5B", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    checked = chunk + struct.pack(">L", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">L", 13) + checked + bytes(4) + b"IDAT" + bytes(4)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a/1.svg": b"<svg/>", "b/1.svg": b"<svg/>"}, "2 of 2 images .* unsupported format"),
        ({"a/1.png": _png_of(10_000, 10_000)}, "more than 50 megapixels"),
        ({"a/1.png": _png_of(100_000, 100_000)}, "more than 50 megapixels"),
        ({"readme.txt": b"hello"}, "contains no images"),
        ({"dog/1.wav": b"RIFF"}, r"contains audio \(“dog/1.wav”\), which is not supported"),
        ({"run/1.MP4": b"ftyp"}, "contains video"),
        ({"scan.nii": b"n+1"}, "contains 3-D images"),
        ({}, "contains no images"),
        ({**shapes(), "alone.png": picture()}, "is not in a class folder"),
        ({"a/1.png": picture(), "a/2.png": picture()}, "only one class, “a”"),
        ({**shapes(), "shapes/odd/1.png": picture()}, "The class “odd” has only 1 image"),
        ({**shapes(2), "shapes/dark/x.png": b"no"}, "1 of 5 images cannot be read; the first is"),
    ],
)
def test_images_are_refused_with_a_sentence(
    workplace: Path, files: dict[str, bytes], words: str
) -> None:
    with pytest.raises(BadData, match=words) as error:
        read(zip_of(workplace / "p.zip", files))
    assert str(error.value).endswith(".")


def test_images_that_would_take_too_much_are_refused_before_they_are_read(workplace: Path) -> None:
    with pytest.raises(BadData, match="Select a smaller size"):
        read(zip_of(workplace / "p.zip", shapes()), side=512, most_bytes=MB)
