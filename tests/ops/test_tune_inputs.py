"""Files that `manage.py tune` is given: the checks of the pages, in its own words."""

import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError

from tests.images import shapes, zip_of
from tuning.actions.teams import create_team
from tuning.management.commands.tune import _team
from tuning.management.inputs import (
    find_dataset,
    find_template,
    is_for_images,
    lacks_target,
    predict_guessed,
)
from tuning.management.packing import packed
from tuning.management.table_options import add_table_options, table_choices, table_problem
from tuning.models import Dataset, HyperModel, Team
from tuning.protocol.data_kinds import TEMPLATE_KINDS

CODE = "def build_model(hp):\n    return hp.Int('units', 1, 8)\n"


def uploaded() -> set[str]:
    return {path.name for path in Path(settings.UPLOADS_ROOT).iterdir()}


def take(path: Path | str, alice: User, team: Team, **choices: Any) -> Dataset:
    return find_dataset(str(path), alice, team, choices)


def test_a_file_becomes_a_dataset_of_the_team(alice: User, team: Team, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "photos.zip", shapes())
    row = take(path, alice, team, side=16)
    assert (row.name, row.team, row.requested, row.is_ready) == ("photos.zip", team, True, False)
    assert row.upload["side"] == 16
    assert row.original.read_bytes() == path.read_bytes()
    row.original.unlink()


def test_a_person_of_several_teams_names_one(alice: User, team: Team, tmp_path: Path) -> None:
    other = create_team(alice, "Another team")
    assert _team(alice, None) in (team, other)
    assert _team(alice, "Another team") == other
    assert _team(alice, "Digits team") == team
    with pytest.raises(CommandError, match=r"'Others'. Teams of alice: Another team, Digits team"):
        _team(alice, "Others")
    row = take(zip_of(tmp_path / "photos.zip", shapes()), alice, other)
    assert row.team == other
    row.original.unlink()
    (tmp_path / "build.py").write_text(CODE)
    assert find_template(str(tmp_path / "build.py"), alice, other, []).team == other


def test_a_viewer_has_no_team_to_tune_in(alice: User, dora: User, team: Team) -> None:
    with pytest.raises(CommandError, match="Teams of dora: none"):
        _team(dora, team.name)


def test_a_table_without_a_target_gets_the_guessed_one(
    alice: User, team: Team, tmp_path: Path
) -> None:
    path = tmp_path / "houses.csv"
    path.write_text("price,rooms\n1,10\n2,20\n")
    look = {"target": "price", "target_reason": "“price” is a common name of a target."}

    def detected() -> Dataset:
        """The file given without a target, once a worker has read its columns."""
        row = take(path, alice, team, target="")
        Dataset.objects.filter(pk=row.pk).update(requested=False, detected_schema=look)
        row.refresh_from_db()
        assert lacks_target(row)
        return row

    row, line = predict_guessed(detected())
    assert line.startswith("Target: price. “price” is a common name of a target. Use --target")
    row.refresh_from_db()
    assert (row.requested, lacks_target(row)) == (True, False)
    named = take(path, alice, team, target="price")
    assert row.upload == named.upload, "as if it had been named"
    named.original.unlink()
    Dataset.objects.filter(pk=row.pk).update(folder="houses-1")
    again = detected()
    assert predict_guessed(again)[0] == row, "the same file is not prepared twice"
    assert not again.original.exists()
    row.original.unlink()


def test_the_same_file_is_not_prepared_twice(alice: User, team: Team, tmp_path: Path) -> None:
    path = zip_of(tmp_path / "photos.zip", shapes())
    first = take(path, alice, team)
    Dataset.objects.filter(pk=first.pk).update(folder="photos-1")
    before = uploaded()
    assert take(path, alice, team) == first
    assert uploaded() == before, "the copy is gone"
    other = take(path, alice, team, side=20)
    assert other != first, "read in another way, it is another dataset"
    for row in (first, other):
        row.original.unlink()


def test_arrays_are_named_by_options(
    alice: User, team: Team, dataset: Dataset, tmp_path: Path
) -> None:
    path = tmp_path / "scans.npz"
    np.savez(path, a=np.ones((4, 3)), b=np.ones(4))
    arrays = {"x_train": "a", "y_train": "b"}
    row = find_dataset(str(path), alice, team, {"side": 16}, arrays)
    assert (row.upload["arrays"], row.upload["side"]) == (arrays, 16)
    assert "arrays" not in take(path, alice, team).upload
    table = tmp_path / "houses.csv"
    table.write_text("rooms,price\n1,10\n2,20\n")
    with pytest.raises(CommandError, match=r"--x is only for \.npz files"):
        find_dataset(str(table), alice, team, {"target": "price"}, arrays)
    with pytest.raises(CommandError, match="--y-test is only for files"):
        find_dataset(dataset.key, alice, team, {}, {"y_test": "b"})
    for row in Dataset.objects.filter(team=team):
        row.original.unlink()


@pytest.mark.parametrize(
    ("name", "content", "choices", "sentence"),
    [
        ("notes.txt.pdf", b"%PDF", {}, "--dataset: Unsupported file type: “notes.txt.pdf”"),
        (
            "photos.zip",
            b"no zip at all",
            {},
            "The content of “photos.zip” does not match its extension",
        ),
        ("photos.zip", b"", {}, "--dataset: The file is empty."),
        ("photos.zip", None, {"side": 4}, "--image-size: Ensure this value is greater"),
    ],
)
def test_what_the_page_refuses_is_refused(
    alice: User, team: Team, tmp_path: Path, name: str, content: bytes | None,
    choices: dict[str, Any], sentence: str,
) -> None:  # fmt: skip
    path = tmp_path / name
    if content is None:
        zip_of(path, shapes())
    else:
        path.write_bytes(content)
    before = uploaded()
    with pytest.raises(CommandError) as caught:
        take(path, alice, team, **choices)
    assert sentence in str(caught.value)
    assert uploaded() == before
    assert not Dataset.objects.exists()


def test_what_is_too_large_is_not_even_copied(
    alice: User, team: Team, tmp_path: Path, settings: Any
) -> None:
    settings.UPLOAD_MAX_MB = 1
    path = tmp_path / "photos.zip"
    with path.open("wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(CommandError, match="exceeds the limit of 1 MB"):
        take(path, alice, team)


def test_options_for_files_are_not_for_built_in_datasets(
    alice: User, team: Team, dataset: Dataset
) -> None:
    assert take(dataset.key, alice, team, side=None, colours="") == dataset
    with pytest.raises(CommandError, match="--image-size is only for files"):
        take(dataset.key, alice, team, side=20)


def test_a_missing_file_is_told_from_an_unknown_key(alice: User, team: Team) -> None:
    with pytest.raises(CommandError, match=r"No such file: data/photos\.zip"):
        take("data/photos.zip", alice, team)
    with pytest.raises(CommandError, match=r"No such file: photos\.zip"):
        take("photos.zip", alice, team)
    with pytest.raises(CommandError, match="Unknown dataset 'nonsense'"):
        take("nonsense", alice, team)
    with pytest.raises(CommandError, match=r"No such file: build\.py"):
        find_template("build.py", alice, team, [])


def test_changed_code_is_the_next_version(alice: User, team: Team, tmp_path: Path) -> None:
    path = tmp_path / "build.py"
    path.write_text(CODE)
    first = find_template(str(path), alice, team, [])
    assert (first.name, first.version, first.team, first.code) == ("build", 1, team, CODE)
    assert first.kinds == list(TEMPLATE_KINDS)
    assert find_template(str(path), alice, team, []) == first
    path.write_text(CODE.replace("8", "9"))
    second = find_template(str(path), alice, team, [])
    assert (second.key, second.version) == (first.key, 2)


def test_what_a_file_does_not_say_stays(alice: User, team: Team, tmp_path: Path) -> None:
    file = tmp_path / "build.py"
    file.write_text(CODE)
    first = find_template(str(file), alice, team, [])
    HyperModel.objects.update(constants={"depth": [3, "a"]}, description="Ours.")
    same = find_template(str(file), alice, team, [])
    assert (same.pk, same.constants, same.description) == (first.pk, {"depth": [3, "a"]}, "Ours.")
    file.write_text(CODE + "\n# changed\n")
    second = find_template(str(file), alice, team, [])
    assert (second.version, second.constants) == (2, {"depth": [3, "a"]})


def test_constants_are_given_by_options(alice: User, team: Team, tmp_path: Path) -> None:
    path = tmp_path / "build.py"
    path.write_text(CODE.replace("(hp)", "(hp, depth, name)"))
    first = find_template(str(path), alice, team, ["depth=3", "name = 'small'"])
    assert first.constants == {"depth": 3, "name": "small"}
    assert find_template(str(path), alice, team, []) == first, "what is not said stays"
    second = find_template(str(path), alice, team, ["depth=4"])
    assert (second.version, second.constants) == (2, {"depth": 4})
    with pytest.raises(CommandError, match="--constant: Line 1"):
        find_template(str(path), alice, team, ["depth=open('x')"])


def test_a_mistake_in_the_code_names_its_line(alice: User, team: Team, tmp_path: Path) -> None:
    path = tmp_path / "build.py"
    path.write_text("def build_model(hp:\n    pass\n")
    with pytest.raises(CommandError, match="--template: Line 1, column"):
        find_template(str(path), alice, team, [])
    assert not HyperModel.objects.filter(team=team).exists()


def options(*arguments: str) -> dict[str, Any]:
    parser = ArgumentParser()
    add_table_options(parser)
    return vars(parser.parse_args(arguments))


def test_options_say_how_a_table_is_read(alice: User, team: Team, tmp_path: Path) -> None:
    path = tmp_path / "houses.data"
    path.write_text("1,10,a\n2,20,b\n")
    chosen = table_choices(options(
        "--task", "regression", "--types", "a=category", "zip code=number", "--drop", "b", "c=d",
        "--keep", "a", "--no-header", "--not-missing", "NA", "--missing", "-999", "--sheet", "Data",
        "--decimal", "comma", "--file", "*", "--drop-rows",
    ))  # fmt: skip
    assert chosen == {
        "task": "regression", "keep": ["a"], "header": "no", "not_missing": ["NA"],
        "types": {"a": "category", "zip code": "number", "b": "out", "c=d": "out"},
        "gaps": ["-999"], "sheet": "Data", "decimal": ",", "member": "*", "drop_rows": True,
    }  # fmt: skip
    for name, sentence in (("sheet", "--sheet is only for .xlsx"), ("member", "--file is only")):
        with pytest.raises(CommandError, match=sentence):
            find_dataset(str(path), alice, team, {}, {}, {name: chosen[name]})
        del chosen[name]
    row = find_dataset(str(path), alice, team, {"target": "x"}, {}, chosen)
    assert row.upload == {
        "kind": "text table", "name": "houses.data", "target": "x", **chosen,
    }  # fmt: skip
    row.original.unlink()
    assert table_choices(options()) == {}
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    with pytest.raises(CommandError, match="--no-header is only for tables"):
        find_dataset(str(tmp_path / "a.npz"), alice, team, {}, {}, {"header": "no"})
    Dataset.objects.create(key="digits", name="Digits")
    with pytest.raises(CommandError, match="--not-missing is only for files, but digits"):
        find_dataset("digits", alice, team, {}, {}, {"not_missing": ["NA"]})


def test_pixels_become_images_for_templates_of_images(
    alice: User, team: Team, tmp_path: Path
) -> None:
    assert is_for_images(HyperModel(code="layers.Conv2D(8, 3)", kinds=["image", "table"]))
    assert is_for_images(HyperModel(code="build = make", kinds=["image"]))
    assert not is_for_images(HyperModel(code="layers.Dense(8)", kinds=["image", "table"]))
    path = tmp_path / "train.csv"
    path.write_text("pixel0,label\n1,0\n2,1\n")
    for wanted, given, pixels in ((True, {}, "auto"), (False, {}, None),
                                  (False, {"pixels": "28x28x1"}, "28x28x1")):  # fmt: skip
        row = find_dataset(str(path), alice, team, {}, {}, given, pixels=wanted)
        assert row.upload.get("pixels") == pixels
        row.original.unlink()
    assert table_choices(options("--pixels", "no")) == {}


def test_several_targets_are_columns_of_their_own(alice: User, team: Team, tmp_path: Path) -> None:
    path = tmp_path / "arms.csv"
    path.write_text("a,x,y\n1,2,3\n2,3,4\n")
    table = table_choices({**options(), "target": ["x", "y, in mm"]})
    assert table == {"types": {"y, in mm": "target"}}
    row = find_dataset(str(path), alice, team, {"target": "x"}, {}, table)
    assert row.upload["target"] == "x"
    assert row.upload["types"] == {"y, in mm": "target"}
    row.original.unlink()


def test_arrays_have_a_task_too(alice: User, team: Team, tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((4, 2)), y=np.eye(4))
    row = find_dataset(str(tmp_path / "a.npz"), alice, team, {}, {}, {"task": "multi-label"})
    assert row.upload["task"] == "multi-label"
    row.original.unlink()


def test_several_arrays_are_one_dataset(alice: User, team: Team, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("x.npy", "y.npy")]
    for path in paths:
        np.save(path, np.ones((4, 3)))
    texts = [str(path) for path in paths]
    rows = []
    for _ in range(2):
        with packed(texts) as path:
            rows.append(take(path, alice, team))
        Dataset.objects.filter(pk=rows[0].pk).update(folder="arrays-1")
    assert rows[0] == rows[1], "the same files are the same dataset"
    assert rows[0].upload["name"] == "x.npy + y.npy.zip"
    with zipfile.ZipFile(rows[0].original) as archive:
        assert archive.read("x.npy") == paths[0].read_bytes()
    rows[0].original.unlink()
    with packed(["digits"]) as text:
        assert text == "digits"
    for wrong, sentence in ((["x.csv", "y.csv"], "only .npy files may be several"),
                            ([texts[0], "z.npy"], "No such file: z.npy"),
                            ([texts[0], texts[0]], "need different names")):  # fmt: skip
        with pytest.raises(CommandError, match=sentence), packed(wrong):
            pass


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pixels", "big"], "--pixels: 'big' is not HEIGHTxWIDTHxCHANNELS, such as 28x28x1."),
        (
            ["--types", "age"],
            "--types: 'age' is not NAME=TYPE. Types: number, category",
        ),
        (["--types", "age=code"], "--types: 'age=code' is not NAME=TYPE. Types: number"),
        (["--drop", "age", "--keep", "age"], "--drop: 'age' is in --keep as well."),
    ],
)
def test_options_that_cannot_be(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as error:
        table_choices(options(*arguments))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("upload", "reason", "sentence"),
    [
        ({"types": {"agee": "out"}}, "No column “agee”.", "--drop: no column 'agee'. Columns: age"),
        ({"types": {"x": "number"}}, "No column “x”.", "--types: no column 'x'. Columns: age"),
        ({"keep": ["x"]}, "No column “x”.", "--keep: no column 'x'. Columns: age"),
        ({}, "No column “x”. Columns: age.", "--target: No column “x”. Columns: age."),
        ({}, "The file has no sheet “x”. Sheets: a.", "--sheet: The file has no sheet “x”."),
        ({}, "Line 3: expected 2 columns, found 1.", "Line 3: expected"),
    ],
)
def test_a_refusal_names_the_option(upload: dict[str, Any], reason: str, sentence: str) -> None:
    schema = {"columns": [{"name": "age"}]}
    assert table_problem(Dataset(upload=upload, detected_schema=schema), reason).startswith(
        sentence
    )


def test_options_of_time_series(alice: User, team: Team, tmp_path: Path) -> None:
    assert table_choices(options("--time", "when")) == {"time": "when", "look_back": 24}
    chosen = table_choices(options(
        "--time", "when", "--look-back", "48", "--horizon", "6", "--stride", "2", "--known", "hour",
        "week day",
    ))  # fmt: skip
    assert chosen == {
        "time": "when", "look_back": 48, "horizon": 6, "stride": 2, "known": ["hour", "week day"],
    }  # fmt: skip
    (tmp_path / "load.csv").write_text("when,load\n1,2\n2,3\n")
    row = find_dataset(str(tmp_path / "load.csv"), alice, team, {"target": "load"}, {}, chosen)
    assert row.upload["look_back"] == 48
    row.original.unlink()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--look-back", "9"], "--look-back: name the column that orders the rows with --time"),
        (["--known", "hour"], "--known: name the column that orders the rows with --time"),
        (["--time", "when", "--horizon", "0"], "--horizon: 0 is not a number of rows"),
    ],
)
def test_wrong_options_of_time_series(words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        table_choices(options(*words))


def test_a_team_without_room_takes_no_file(alice: User, team: Team, tmp_path: Path) -> None:
    Team.objects.filter(pk=team.pk).update(max_files=0)
    before = uploaded()
    with pytest.raises(CommandError, match=r"^Team Digits team may have no files and has no room"):
        take(zip_of(tmp_path / "photos.zip", shapes()), alice, Team.objects.get(pk=team.pk))
    assert uploaded() == before
    assert not Dataset.objects.exists()
