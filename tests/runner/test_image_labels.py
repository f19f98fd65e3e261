"""Images whose labels are in a table beside them or in their names, as Kaggle has them."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.images import picture, shapes, zip_of
from tuning.protocol.events import Event, SchemaDetected, decode_event, encode_event
from tuning.protocol.orders import ProjectOrder, SearchOrder, Split
from tuning.protocol.splitting import SplitBy
from tuning.protocol.uploads import IMAGES, Upload
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData
from tuning.runner.folds import rows_of_folds
from tuning.runner.inputs.data import load_dataset, row_numbers
from tuning.splits.stored import stored_split

from .test_uploads import MB, check_snippet, workplace

__all__ = ["workplace"]
SHADES = {"cat": 60, "dog": 230}


def read(files: dict[str, bytes], **options: Any) -> tuple[SchemaDetected | None, Any]:
    """What is found in a table beside images, and the profile."""
    path = zip_of(Path("pictures.zip"), files)
    events: list[Event] = []
    upload = Upload(IMAGES, path.name, path.name, 64 * MB, **options)
    profile = prepare_upload("own-1", upload, Path("prepared"), events.append)
    found = next((event for event in events if isinstance(event, SchemaDetected)), None)
    if found:
        assert decode_event(encode_event(found)) == found
    return found, profile


def pictures(name: str, count: int = 8) -> dict[str, bytes]:
    """Images whose names have their number and kind, cats and dogs in turn."""
    kinds = list(SHADES)
    return {
        name.format(number=n, kind=kinds[n % 2]): picture(shade=SHADES[kinds[n % 2]] - n)
        for n in range(count)
    }


def rows(line: str, count: int = 8) -> str:
    return "".join(line.format(number=n, kind=list(SHADES)[n % 2]) + "\n" for n in range(count))


def brightness() -> list[int]:
    return [int(x.max()) for x in np.load("prepared/x.npy")]


def check_classes(profile: dict[str, Any]) -> None:
    """Dark ones are cats, bright ones dogs."""
    assert profile["class_names"] == ["cat", "dog"]
    assert [value > 150 for value in brightness()] == [bool(y) for y in np.load("prepared/y.npy")]
    check_snippet(profile)


@pytest.mark.parametrize("name", [
    "{kind}.{number}.png", "train/{kind}.{number}.png", "{kind}_00{number}.png",
    "all/{kind} ({number}).png", "{kind}{number}.png",
])  # fmt: skip
def test_names_begin_with_the_class(workplace: Path, name: str) -> None:
    found, profile = read(pictures(name))
    assert found is None
    assert profile["rows"] == 8
    check_classes(profile)


def test_unlabelled_test_images_are_left_out(workplace: Path) -> None:
    files = pictures("train/{kind}.{number}.png") | pictures("test1/{number}.png")
    _, profile = read(files)
    assert (profile["rows"], profile["dropped_count"]) == (8, 8)
    assert profile["dropped"][0]["reason"] == "has no label in its name"
    check_classes(profile)


def test_folders_of_parts_are_a_predefined_split(workplace: Path) -> None:
    files = pictures("train/{kind}.{number}.png") | pictures("val/{kind}.{number}.png", 4)
    _, profile = read(files)
    assert profile["parts"] == {"train": 8, "validation": 4, "test": 0}
    check_classes(profile)


@pytest.mark.parametrize("files", [
    pictures("IMG_{number}.png"), pictures("{kind}.{number}.png", 3),
    pictures("{number}{kind}.png"),
])  # fmt: skip
def test_names_without_classes(workplace: Path, files: dict[str, bytes]) -> None:
    with pytest.raises(BadData, match=r"not in a class folder.*or add a table"):
        read(files)


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("images/{number}.png", "{number}"), ("images/{number}.png", "{number}.png"),
        ("{number}.png", "{number}.PNG"), ("a/b/x{number}.png", "a/b/x{number}.png"),
    ],
)  # fmt: skip
def test_a_table_has_the_labels(workplace: Path, image: str, named: str) -> None:
    table = "id,breed\n" + rows(named + ",{kind}")
    files = pictures(image) | {"labels.csv": table.encode()}
    found, profile = read(files)
    assert found
    assert profile is None
    assert (found.file_names, found.target, found.folders) == ("id", "breed", False)
    Path("prepared").rmdir()
    _, profile = read(files, target="breed")
    assert (profile["rows"], profile["target_name"]) == (8, "breed")
    check_classes(profile)


def test_kaggle_has_unlabelled_images_of_the_same_names(workplace: Path) -> None:
    table = "id,when,label\n" + rows("{number},x{number},{kind}")
    files = (
        pictures("test/{number}.png") | {"sample_submission.csv": b"id,label\n1,cat\n"}
        | {f"train/{n}.png": picture(shade=SHADES[("cat", "dog")[n % 2]]) for n in range(8)}
        | {"train.csv": table.encode()}
    )  # fmt: skip
    found, profile = read(files, target="label")
    assert found
    assert (found.member, found.file_names) == ("train.csv", "id")
    assert profile["rows"] == 8
    assert {one["reason"] for one in profile["dropped"]} >= {"has no label in the table"}
    check_classes(profile)


def test_numbers_of_a_table_are_a_quantity_or_classes(workplace: Path) -> None:
    table = "file,age,stage\n" + rows("{number}.png,{number}.5,1{number}")
    table += "9.png,,3\n77.png,5.5,3\n"
    files = pictures("{number}.png") | {"ages.csv": table.encode()}
    with pytest.raises(BadData, match="1 row has no target"):
        read(files, target="age")
    Path("prepared").rmdir()
    _, profile = read(files, target="age", drop_rows=True)
    assert (profile["task"], profile["num_classes"]) == ("regression", None)
    assert list(np.load("prepared/y.npy")) == [n + 0.5 for n in range(8)]
    assert "1 rows of the table name no image." in profile["notes"]
    check_snippet(profile)


def test_numeric_classes_keep_their_order(workplace: Path) -> None:
    table = "file,grade\n" + "".join(f"{n}.png,{(2, 10)[n % 2]}\n" for n in range(8))
    files = pictures("{number}.png") | {"t.csv": table.encode()}
    _, profile = read(files, target="grade", task="classification")
    assert profile["class_names"] == ["2", "10"]
    check_snippet(profile)


def test_the_column_of_names_can_be_chosen(workplace: Path) -> None:
    table = "code,other,kind\n" + rows("{number},1{number},{kind}")
    files = pictures("{number}.png") | pictures("1{number}.png") | {"t.csv": table.encode()}
    found, _ = read(files)
    assert found
    assert found.file_names == "code"
    Path("prepared").rmdir()
    found, profile = read(files, target="kind", file_names="other")
    assert found
    assert (found.file_names, profile["rows"]) == ("other", 8)
    for options, words in (
        ({"file_names": "x"}, "No column “x” with file names. Columns: code, other, kind"),
        ({"target": "code"}, "The target “code” has the file names"),
    ):
        shutil.rmtree("prepared", ignore_errors=True)
        with pytest.raises(BadData, match=words):
            read(files, **{"target": "kind", **options})


def test_a_name_with_two_labels_and_two_images_of_a_name(workplace: Path) -> None:
    table = "id,label\n" + rows("{number},{kind}") + "1,cat\n"
    with pytest.raises(BadData, match="“1” has several labels in “id”"):
        read(pictures("{number}.png") | {"t.csv": table.encode()}, target="label")
    Path("prepared").rmdir()
    table = "id,label\n" + rows("{number},{kind}")
    files = pictures("a/{number}.png") | pictures("b/{number}.png") | {"t.csv": table.encode()}
    with pytest.raises(BadData, match=r"Several images have the same name: a/0\.png, b/0\.png"):
        read(files, target="label")


def test_tables_beside_class_folders(workplace: Path) -> None:
    """They are offered if they name the images; else the folders are the classes."""
    for table in (b"a,b\n1,2\n3,4\n", b"a,b\n1,2\n3\n"):
        found, profile = read(shapes() | {"notes.csv": table})
        assert found is None
        assert profile["class_names"] == ["dark", "light"]
        check_snippet(profile)
        shutil.rmtree("prepared")
    names = "file,area\n" + "".join(f"{path},{n}.5\n" for n, path in enumerate(shapes()))
    files = shapes() | {"list.csv": names.encode()}
    found, profile = read(files)
    assert found
    assert profile is None
    assert (found.folders, found.target) == (True, "area")
    Path("prepared").rmdir()
    found, profile = read(files, member="/")
    assert found is None
    assert profile["class_names"] == ["dark", "light"]


def test_npy_files_of_a_zip_are_arrays(workplace: Path) -> None:
    np.save("x.npy", np.arange(60.0).reshape(20, 3))
    np.save("y.npy", np.arange(20) % 2)
    files = {f"data/{name}.npy": Path(f"{name}.npy").read_bytes() for name in "xy"}
    found, profile = read(files)
    assert found is None
    assert (profile["kind"], profile["rows"], profile["num_classes"]) == ("table", 20, 2)
    check_snippet(profile)


def test_npy_files_that_were_packed_are_loaded_one_by_one(workplace: Path) -> None:
    np.save("x.npy", np.arange(60.0).reshape(20, 3))
    np.save("y.npy", np.arange(20) % 2)
    path = zip_of(
        Path("x.npy + y.npy.zip"), {f"{n}.npy": Path(f"{n}.npy").read_bytes() for n in "xy"}
    )
    upload = Upload(IMAGES, path.name, path.name, 64 * MB)
    profile = prepare_upload("own-1", upload, Path("prepared"), lambda _: None)
    assert profile
    path.unlink()
    check_snippet(profile)


def test_images_of_a_patient_stay_together(workplace: Path) -> None:
    """Rows, images and patients are in three different orders; two images lack a label."""
    random = np.random.default_rng(3)
    patients = {n: f"p{n * 7 % 10}" for n in range(40)}
    lines = [f"{n},{list(SHADES)[n % 2]},{patients[n]},{1 + n % 3}" for n in random.permutation(40)]
    table = "scan,kind,patient,weight\n" + "\n".join(lines) + "\n"
    files = {
        f"{n}.png": picture(shade=SHADES[list(SHADES)[n % 2]] - n)
        for n in random.permutation(42).tolist()
    }
    types = {"patient": "group", "weight": "weight"}
    _, profile = read({**files, "labels.csv": table.encode()}, target="kind", types=types)
    assert profile["rows"] == 40
    check_classes(profile)
    # An image's brightness says its number, and so does its patient.
    dark_or_bright = ((SHADES["cat"] - value, SHADES["dog"] - value) for value in brightness())
    numbers = [cat if 0 <= cat < 42 else dog for cat, dog in dark_or_bright]
    of_image = np.load("prepared/auxiliary-0.npy")
    names = [patients[n] for n in numbers]
    assert len(set(zip(of_image.tolist(), names, strict=True))) == 10 == len(set(of_image.tolist()))
    assert np.load("prepared/auxiliary-1.npy").tolist() == [1 + n % 3 for n in numbers]
    assert profile["auxiliary"][0] == {
        "name": "patient", "type": "group", "different": 10, "largest": 4, "missing": 0,
    }  # fmt: skip
    assert any(note.startswith("patient is the group of each row") for note in profile["notes"])
    split = Split(0.6, 0.2, 0.2, 0, stratified=True, by=SplitBy.GROUP, column="patient")
    parts = [
        {names[row] for row in rows} for rows in stored_split(Path("prepared"), split).values()
    ]
    assert all(parts)
    assert sum(map(len, parts)) == 10, "each patient is in one part"
    dataset = load_dataset(ProjectOrder("", "prepared", split))
    search = SearchOrder(
        ProjectOrder("", "prepared", split), "", "", False, 1, 1, 32, "", 0, "", folds=3
    )
    known = [names[row] for row in row_numbers(dataset.project, "train", "validation")]
    for train, test in rows_of_folds(search, dataset):
        assert not {known[row] for row in train} & {known[row] for row in test}


def test_an_image_of_two_patients_is_refused(workplace: Path) -> None:
    table = "scan,kind,patient\n" + rows("{number}.png,{kind},a") + "1.png,dog,b\n"
    files = {**pictures("{number}.png"), "labels.csv": table.encode()}
    with pytest.raises(BadData, match=r"“1\.png” has several values of “patient”"):
        read(files, target="kind", types={"patient": "group"})
