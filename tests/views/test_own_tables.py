"""Uploading a table, choosing its target and columns, and reading what became of it."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tuning.analysis.predictions.about import about
from tuning.models import Dataset, Team
from tuning.protocol.statuses import Status

COLUMNS = [
    {"name": "age", "type": "number", "missing": 3, "different": 41, "examples": ["22", "38"],
     "reason": ""},
    {"name": "<b>town", "type": "category", "missing": 0, "different": 3, "examples": ["Köln"],
     "reason": ""},
    {"name": "id", "type": "out", "missing": 0, "different": 1001, "examples": ["1"],
     "reason": "looks like a row ID"},
    {"name": "price", "type": "number", "missing": 0, "different": 900, "examples": ["1.5"],
     "reason": ""},
]  # fmt: skip
LOOK = {
    "rows": 1200, "columns": COLUMNS, "target": "price", "task": "regression",
    "encoding": "cp1252", "delimiter": ";", "decimal": ",",
    "target_reason": "“price” is a common name of a target.",
}  # fmt: skip
READING = {"encoding": "cp1252", "delimiter": ";", "decimal": ","}
AS_DETECTED = {"target": "price", "task": "", **READING, "type-1": "number", "type-2": "category",
               "type-3": "out", "type-4": "number"}  # fmt: skip


@pytest.fixture(autouse=True)
def uploads(tmp_path: Path, settings: Any) -> Path:
    """A folder of our own: other tests may run beside this one."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.UPLOADS_ROOT = settings.FILE_UPLOAD_TEMP_DIR = folder
    return folder


def _table(team: Team, **values: Any) -> Dataset:
    """A table that a worker has looked at."""
    row = Dataset.objects.create(
        key="own-table", name="Houses", team=team, source=Dataset.Source.UPLOAD,
        detected_schema=LOOK, size_text="Uploaded as houses.csv",
        upload={"kind": "text table", "name": "houses.csv"},
    )  # fmt: skip
    row.original.write_text("the file")
    Dataset.objects.filter(pk=row.pk).update(**values)
    row.refresh_from_db()
    return row


@pytest.fixture
def table(team: Team) -> Dataset:
    return _table(team)


def page_of(client: Client, row: Dataset, query: str = "") -> str:
    return client.get(reverse("dataset-detail", args=[row.pk]) + query).content.decode()


def choose(client: Client, row: Dataset, **values: Any) -> Any:
    return client.post(reverse("dataset-columns", args=[row.pk]), {**AS_DETECTED, **values})


def test_further_targets_are_a_type_of_their_columns(as_bob: Client, table: Dataset) -> None:
    table.detected_schema = {**LOOK, "task": "multi-label", "separator": ";"}
    table.save()
    assert "multi-label, labels separated by a semicolon." in page_of(as_bob, table)
    choose(as_bob, table, **{"type-1": "target", "task": "regression"})
    table.refresh_from_db()
    first = LOOK["columns"][0]["name"]
    assert table.upload["types"] == {first: "target"}
    assert (table.requested, table.upload["target"]) == (True, "price")
    assert table.upload["task"] == "regression"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("h.csv.gz", b"\x1f\x8b...", "text table"), ("h.jsonl.xz", b"\xfd7zX..", "json lines"),
        ("h.xlsx", b"PK\x03\x04...", "spreadsheet"), ("h.data", b"1 2 3", "text table"),
        ("h.csv.gz", b"a,b\n1,2", ""), ("h.xlsx", b"\xd0\xcf\x11\xe0", ""),
        ("h.gz", b"\x1f\x8b.", ""), ("h.xls", b"\xd0\xcf\x11\xe0", ""), ("clip.mp4", b"....", ""),
    ],
)  # fmt: skip
def test_other_files_of_tables(
    as_bob: Client, team: Team, name: str, content: bytes, kind: str
) -> None:
    values = {"name": "Houses", "file": SimpleUploadedFile(name, content)}
    response = as_bob.post("/datasets/new/", values)
    if kind:
        assert Dataset.objects.get().upload["kind"] == kind
        return
    assert response.status_code == 422
    limits = {"h.xls": "Save the spreadsheet as .xlsx.", "clip.mp4": "Video is not supported."}
    assert limits.get(name, "") in response.content.decode()


@pytest.mark.parametrize("name", ["houses.csv", "houses.TSV", "houses.txt", "houses.parquet"])
def test_bob_uploads_a_table(as_bob: Client, team: Team, uploads: Path, name: str) -> None:
    content = b"PAR1..." if name.endswith("parquet") else "a,ü\n1,2\n".encode("utf-16")
    file = SimpleUploadedFile(name, content)
    values = {"name": "Houses", "file": file, "target": " price "}
    response = as_bob.post("/datasets/new/", values)
    row = Dataset.objects.get()
    assert response["Location"] == reverse("dataset-detail", args=[row.pk])
    kind = "parquet" if name.endswith("parquet") else "text table"
    assert row.upload == {"kind": kind, "name": name, "target": "price"}
    assert (row.requested, row.status) == (True, Status.QUEUED)
    assert row.original.read_bytes() == content


def test_what_was_found_is_shown_and_can_be_corrected(as_bob: Client, table: Dataset) -> None:
    page = page_of(as_bob, table)
    assert "1,200 rows and 4 columns detected" in page
    assert "looks like a row ID" in page
    assert "22 · 38" in page
    assert "Suggested: price. “price” is a common name of a target." in page
    assert "Detected for “price”: regression" in page
    assert "&lt;b&gt;town" in page
    assert '<option value="price" selected>' in page
    assert '<option value="cp1252" selected>' in page
    assert "Use in new project" not in page
    assert "Houses" not in as_bob.get(reverse("project-create")).content.decode()
    assert "Select columns" in as_bob.get(reverse("dataset-list")).content.decode()
    response = choose(as_bob, table, **{"type-2": "out", "drop_rows": "on", "task": "regression"})
    assert response["Location"] == reverse("dataset-detail", args=[table.pk])
    table.refresh_from_db()
    assert table.requested
    assert table.upload == {
        "kind": "text table", "name": "houses.csv", "target": "price", "task": "regression",
        "drop_rows": True, "types": {"<b>town": "out"}, "gaps": [], "not_missing": [],
        "decimals": {}, **READING,
    }  # fmt: skip
    assert "Waiting for a worker" in page_of(as_bob, table)


def test_a_refusal_comes_back_to_the_form_with_its_choices(as_bob: Client, team: Team) -> None:
    row = _table(
        team, failure_code="bad_data", failure_message="Column “age”, row 12: “abc”",
        upload={"kind": "text table", "name": "houses.csv", "target": "age", "task": "regression",
                "types": {"id": "number"}, "drop_rows": True, **READING},
    )  # fmt: skip
    page = page_of(as_bob, row)
    assert "could not be prepared with these settings" in page
    assert "row 12: “abc”" in page
    assert '<option value="age" selected>' in page
    assert "checked" in page
    third = page[page.index('name="type-3"') :]
    assert '<option value="number" selected>' in third[: third.index("</select>")]
    choose(as_bob, row, **{"type-3": "out"})
    row.refresh_from_db()
    assert (row.requested, row.failure_message, row.upload["types"]) == (True, "", {})


def test_reading_again_asks_for_another_look(as_bob: Client, table: Dataset) -> None:
    values = {
        "encoding": "utf-8",
        "delimiter": "\t",
        "gaps": " -999,unknown, ,-999",
        "type-1": "out",
    }
    choose(as_bob, table, read_again="1", **values)
    table.refresh_from_db()
    assert table.upload["gaps"] == ["-999", "unknown"]
    assert table.requested
    assert (table.upload["encoding"], table.upload["delimiter"]) == ("utf-8", "\t")
    assert (table.upload["target"], table.upload["types"]) == ("", {"age": "out"})


def test_markers_of_missing_values_are_added_and_removed(as_bob: Client, team: Team) -> None:
    row = _table(team, detected_schema={**LOOK, "markers": ["NA", "?"]})
    page = page_of(as_bob, row)
    assert page.count('name="markers" value="NA"') == 1
    choose(as_bob, row, read_again="1", markers=["?"], gaps="-999")
    row.refresh_from_db()
    assert (row.upload["not_missing"], row.upload["gaps"]) == (["NA"], ["-999"])
    Dataset.objects.filter(pk=row.pk).update(
        requested=False, detected_schema={**LOOK, "markers": ["?", "-999"]}
    )
    row.refresh_from_db()
    page = page_of(as_bob, row)
    cleared = page[page.index('value="NA"') :]
    assert "checked" not in cleared[: cleared.index(">")]
    assert 'name="markers" value="-999"' not in page
    choose(as_bob, row, markers=["?", "NA"], gaps="-999")
    row.refresh_from_db()
    assert row.upload["not_missing"] == []


def test_the_decimal_sign_of_an_open_column_is_shown_and_changed(
    as_bob: Client, team: Team
) -> None:
    age = {**COLUMNS[0], "reading": "“1,234” is read as 1.234", "open": True}
    row = _table(team, detected_schema={**LOOK, "columns": [age, *COLUMNS[1:]]})
    page = page_of(as_bob, row)
    assert "“1,234” is read as 1.234" in page
    assert ('name="decimal-1"' in page, 'name="decimal-4"' in page) == (True, False)
    choose(as_bob, row, **{"decimal-1": "."})
    row.refresh_from_db()
    assert row.upload["decimals"] == {"age": "."}


def test_another_sheet_file_or_first_row_is_looked_at_again(as_bob: Client, team: Team) -> None:
    schema = {**LOOK, "header": "yes", "sheet": "Data", "sheets": ["Data", "More"],
              "member": "train.xlsx", "members": ["train.xlsx", "test.csv"]}  # fmt: skip
    row = _table(team, detected_schema=schema, upload={"kind": "images", "name": "archive.zip",
                                                       "types": {"age": "out"}})  # fmt: skip
    page = page_of(as_bob, row)
    for text in ("File in the archive", "First row", '<option value="More">', "test.csv"):
        assert text in page
    same = {"header": "yes", "sheet": "Data", "member": "train.xlsx"}
    choose(as_bob, row, **{**same, "sheet": "More"})
    row.refresh_from_db()
    assert row.upload["target"] == ""
    assert (row.upload["sheet"], row.upload["types"]) == ("More", {})
    assert row.requested
    Dataset.objects.filter(pk=row.pk).update(requested=False)
    row.refresh_from_db()
    choose(as_bob, row, **{**same, "member": "*"})
    row.refresh_from_db()
    assert (row.upload["target"], row.upload["member"]) == ("", "*")


def test_a_table_with_the_labels_of_images(as_bob: Client, team: Team) -> None:
    schema = {**LOOK, "file_names": "id", "folders": True, "member": "labels.csv",
              "members": ["labels.csv"]}  # fmt: skip
    row = _table(team, detected_schema=schema, upload={"kind": "images", "name": "pets.zip"})
    page = page_of(as_bob, row)
    assert "A table with labels of the images: 1,200 rows" in page
    assert "No table: folders or file names are the classes" in page
    assert '<option value="category"' not in page, "its columns are no inputs"
    unused = {f"type-{place}": "out" for place in range(1, 5)}
    choose(as_bob, row, file_names="age", member="labels.csv", **unused)
    row.refresh_from_db()
    assert (row.upload["file_names"], row.upload["target"]) == ("age", "price")
    assert row.upload["types"] == {}
    patients = {**unused, "type-2": "group"}
    Dataset.objects.filter(pk=row.pk).update(requested=False)
    choose(as_bob, row, file_names="age", member="labels.csv", **patients)
    row.refresh_from_db()
    assert row.upload["types"] == {LOOK["columns"][1]["name"]: "group"}
    Dataset.objects.filter(pk=row.pk).update(requested=False)
    choose(as_bob, row, file_names="age", member="/", **unused)
    row.refresh_from_db()
    assert (row.upload["member"], row.upload["target"]) == ("/", "")


def test_columns_that_may_be_pixels(as_bob: Client, team: Team) -> None:
    schema = {**LOOK, "pixels": "28x28x1", "pixel_columns": "pixel0 to pixel783",
              "pixels_clear": True}  # fmt: skip
    row = _table(team, detected_schema=schema)
    page = page_of(as_bob, row)
    assert "Shape of the images that pixel0 to pixel783 are" in page
    assert 'name="pixels" value="28x28x1"' in page
    response = choose(as_bob, row, pixels="28 by 28")
    assert "Enter height x width x channels" in response.content.decode()
    choose(as_bob, row, pixels="")
    row.refresh_from_db()
    assert (row.upload["pixels"], row.requested) == ("", True)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"target": "cost"}, "No column “cost”"),
        ({"target": ""}, "Select the column to predict"),
        ({"type-1": "code"}, "code is not one of the available choices"),
        ({"encoding": "utf-7"}, "utf-7 is not one of the available choices"),
    ],
)
def test_choices_that_cannot_be_are_refused_at_once(
    as_bob: Client, table: Dataset, values: dict[str, str], words: str
) -> None:
    response = choose(as_bob, table, drop_rows="on", **{"type-2": "out", **values})
    assert response.status_code == 422
    page = response.content.decode()
    assert words in page
    second = page[page.index('name="type-2"') :]
    assert '<option value="out" selected>' in second[: second.index("</select>")]
    table.refresh_from_db()
    assert not table.requested


def test_a_parquet_file_has_no_encoding(as_bob: Client, team: Team) -> None:
    look = {**LOOK, "encoding": "", "delimiter": "", "decimal": ""}
    row = _table(team, detected_schema=look, upload={"kind": "parquet", "name": "h.parquet"})
    page = page_of(as_bob, row)
    assert "Encoding" not in page
    assert "Decimal separator" not in page
    values = {name: value for name, value in AS_DETECTED.items() if name not in READING}
    as_bob.post(reverse("dataset-columns", args=[row.pk]), values)
    row.refresh_from_db()
    assert row.requested


def _wide(count: int) -> dict[str, Any]:
    columns = [{**COLUMNS[0], "name": f"measure {n}"} for n in range(1, count + 1)]
    return {**LOOK, "columns": columns, "target": f"measure {count}"}


def test_five_thousand_columns_are_chosen_page_by_page(as_bob: Client, team: Team) -> None:
    row = _table(team, detected_schema=_wide(5000))
    page = page_of(as_bob, row)
    assert len(page) < 300_000
    assert page.count('name="type-') == 100
    assert "Columns 1 to 100 of 5,000" in page
    assert '<input type="text" name="target" value="measure 5000"' in page
    url = reverse("dataset-columns", args=[row.pk])
    first = {f"type-{n}": "number" for n in range(1, 101)}
    values = {"target": "measure 5000", "task": "", **READING}
    response = as_bob.post(url, {**values, **first, "type-7": "out", "page": 1, "to_page": 50})
    assert response["Location"].endswith(f"{row.pk}/?page=50#columns")
    page = as_bob.get(response["Location"]).content.decode()
    assert 'name="type-4901"' in page
    last = {f"type-{n}": "number" for n in range(4901, 5001)}
    # No page at all is none to go to.
    last |= {"type-4999": "category", "to_page": "²"}
    as_bob.post(url, {**values, **last, "page": 50})
    row.refresh_from_db()
    assert row.requested
    assert row.upload["types"] == {"measure 7": "out", "measure 4999": "category"}


def test_viewers_wait_for_somebody_who_may_choose(
    as_dora: Client, as_charlie: Client, table: Dataset
) -> None:
    page = page_of(as_dora, table)
    assert "An editor or owner of the team must select" in page
    assert page.count("<form") == 1, "only the one that signs out"
    assert choose(as_dora, table).status_code == 403
    assert choose(as_charlie, table).status_code == 404
    table.refresh_from_db()
    assert not table.requested


def test_two_who_choose_at_once_start_one_preparation(as_bob: Client, table: Dataset) -> None:
    choose(as_bob, table)
    response = choose(as_bob, table, target="age")
    table.refresh_from_db()
    assert table.upload["target"] == "price"
    assert "were already selected" in as_bob.get(response["Location"]).content.decode()


def test_a_table_that_waits_can_be_deleted(as_bob: Client, table: Dataset) -> None:
    assert "Delete dataset…" in page_of(as_bob, table)
    as_bob.post(reverse("dataset-delete", args=[table.pk]))
    assert not Dataset.objects.exists()
    assert not table.original.exists()


# --- The finished dataset ----------------------------------------------------------------------


@pytest.fixture
def ready(team: Team) -> Dataset:
    number = {"name": "<i>age", "type": "number", "missing": 3,
              "histogram": {"edges": [0.5, 1.5, 2.5], "counts": [30, 10]}}  # fmt: skip
    category = {"name": "town", "type": "category", "missing": 0, "values": ["Köln", "Ulm"],
                "counts": [25, 15], "different": 14}  # fmt: skip
    more = [{**number, "name": f"n{n}"} for n in range(998)]
    return _table(
        team, detected_schema={}, requested=True, status=Status.COMPLETED,
        folder="own-table-1", kind="table", task="classification", sha256="ab" * 32,
        profile={
            "rows": 40, "input_shape": [1200], "num_classes": 2, "class_counts": [20, 20],
            "class_names": ["no", "yes"], "source": "Uploaded as houses.csv.",
            "target_name": "label", "feature_names": ["<i>age", "town"],
            "head": [[None, "Köln", "yes"], [1.5, "Ulm", "no"]],
            "columns": [number, category, *more], "column_count": 1200,
            "notes": ["3 rows were dropped because they have no target."], "dropped_count": 1,
            "dropped": [{"name": "id", "reason": "looks like a row ID"}],
        },
    )  # fmt: skip


def test_the_page_shows_each_column(as_dora: Client, ready: Dataset) -> None:
    page = page_of(as_dora, ready)
    assert "40 rows of 1200 columns, 2 classes" in page
    assert "&lt;i&gt;age" in page
    assert "0.5 to 2.5" in page
    assert "0.500 to 1.50: 30" in page
    assert "14 values, mostly Köln" in page
    assert "Köln: 25" in page
    assert "1 column left out" in page
    assert "3 rows were dropped" in page
    assert "Columns 1 to 100 of 1,200 (only the first 1,000 are shown)" in page
    assert page.count("<svg") > 100
    assert len(page) < 400_000
    assert "n990" in page_of(as_dora, ready, "?page=10")
    assert "n997" in page_of(as_dora, ready, "?page=999")
    assert " style=" not in page


def test_a_question_reads_a_file_as_the_dataset_was_read() -> None:
    columns = [{"name": "when (year)", "type": "number", "date": "when"},
               {"name": "cost", "type": "number", "decimal": ","}]  # fmt: skip
    profile = {"columns": columns, "header": "no", "input_shape": [2]}
    row = Dataset(kind="table", task="regression", profile=profile, upload={"gaps": ["-999"]})
    assert about(row)["reading"] == {
        "decimals": {"cost": ","}, "gaps": ["-999"], "header": "no", "types": {"when": "date"},
    }  # fmt: skip
    columns[0]["order"], columns[1]["percent"] = "dmy", True
    reading = about(row)["reading"]
    assert (reading["date_orders"], reading["percents"]) == ({"when": "dmy"}, ["cost"])
