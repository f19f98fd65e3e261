"""Uploaded tables with real runners: looked at, prepared as chosen, refused and tried again."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from django.conf import settings

from tuning.actions.datasets import (
    create_upload,
    delete_dataset,
    keep_choices,
    look_again,
    prepare_chosen,
)
from tuning.models import Dataset, Team, Worker
from tuning.protocol.events import BadEvent, FoundColumn, SchemaDetected
from tuning.protocol.statuses import Status
from tuning.protocol.uploads import TEXT_TABLE, kind_of
from tuning.supervisor import files
from tuning.supervisor.assignments.preparation import facts_of
from tuning.supervisor.claims import Slot, claim_next, has_work
from tuning.supervisor.tables import schema_of

from .real import leftovers, prepare

MB = 1024 * 1024
CSV = "age;town;label\n" + "".join(
    f"{row * 1.5};{('Köln', 'Ulm', '')[row % 3]};{('yes', 'no')[row % 2]}\n".replace(".", ",")
    for row in range(40)
)


@pytest.fixture
def upload(team: Team) -> Any:
    """A function: a dataset that waits for a worker, with this file."""

    def make(content: str = CSV, name: str = "people.csv", **options: Any) -> Dataset:
        path = Path(settings.UPLOADS_ROOT) / f"tmp-{os.getpid()}.upload"
        path.write_text(content, "cp1252")
        facts = {"kind": kind_of(name), "name": name, **options}
        return create_upload(Dataset(name="People", team=team), path, facts)

    return make


@pytest.fixture
def work(worker: Worker) -> Any:
    """A function: a worker takes the waiting dataset and does what there is to do."""

    def do(row: Dataset) -> Dataset:
        claimed = claim_next(Slot(worker, 0))
        assert claimed == row
        prepare(claimed)
        row.refresh_from_db()
        return row

    return do


@pytest.mark.slow
def test_a_table_is_looked_at_then_prepared_as_chosen(upload: Any, work: Any) -> None:
    row = work(upload())
    assert row.awaits_choices
    assert (row.status, row.failure_code, row.is_ready) == (Status.QUEUED, "", False)
    assert [column["type"] for column in row.detected_schema["columns"]] == [
        "number",
        "category",
        "category",
    ]
    assert (
        row.detected_schema["encoding"],
        row.detected_schema["delimiter"],
        row.detected_schema["decimal"],
    ) == (
        "cp1252",
        ";",
        ",",
    )
    assert row.detected_schema["target"] == "label"
    assert row.detected_schema["target_reason"] == "“label” is a common name of a target."
    assert leftovers(row) == [row.original]
    assert has_work() == 0

    assert prepare_chosen(row, {"target": "label", "types": {"town": "out"}})
    assert not prepare_chosen(row, {"target": "town"}), "it is on its way"
    row.refresh_from_db()
    assert has_work() == 1
    row = work(row)
    assert row.status == Status.COMPLETED, row.failure_message
    assert (row.kind, row.task, row.profile["rows"]) == ("table", "classification", 40)
    assert row.profile["feature_names"] == ["age"]
    assert (row.detected_schema, len(row.sha256)) == ({}, 64)
    assert leftovers(row) == [Path(settings.DATASETS_ROOT) / row.folder]
    delete_dataset(row)
    assert leftovers(row) == []


def test_with_a_target_it_is_prepared_at_once(upload: Any, work: Any) -> None:
    row = work(upload(target="age"))
    assert (row.status, row.task) == (Status.COMPLETED, "regression"), row.failure_message
    assert not row.original.exists()
    delete_dataset(row)


@pytest.mark.slow
def test_a_column_of_text_is_found_and_prepared(upload: Any, work: Any) -> None:
    reviews = Path(__file__).parents[1] / "cases" / "reviews.csv"
    row = work(upload(reviews.read_text(), "reviews.csv"))
    types = {column["name"]: column["type"] for column in row.detected_schema["columns"]}
    assert (types["review"], row.failure_message) == ("text", "")
    assert prepare_chosen(row, {"target": "sentiment", "types": {}})
    row = work(row)
    assert (row.status, row.failure_message) == (Status.COMPLETED, "")
    column = next(c for c in row.profile["columns"] if c["name"] == "review")
    assert column["type"] == "text"


@pytest.mark.slow
def test_five_thousand_columns_fit_through_the_pipe(upload: Any, work: Any) -> None:
    """In names and texts that JSON spells with six letters for one."""
    names = [f"größe der probe {n} in µm" for n in range(4999)]
    lines = [";".join([*names, "label"])]
    for row in range(24):
        cells = (f"{row % 5}" if n % 2 else "äöüÄÖÜ"[(row + n) % 6] * 20 for n in range(4999))
        lines.append(";".join([*cells, "yn"[row % 2]]))
    row = work(upload("\n".join(lines)))
    assert (row.failure_message, len(row.detected_schema["columns"])) == ("", 5000)
    prepare_chosen(row, {"target": "label"})
    row = work(row)
    assert row.status == Status.COMPLETED, row.failure_message
    assert (row.profile["column_count"], len(row.profile["columns"])) == (4999, 1000)
    delete_dataset(row)


def test_a_parquet_file_in_an_isolated_runner(upload: Any, work: Any, tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": range(0, 80, 2), "label": ["yes", "no"] * 20, "l": [[1]] * 40})
    frame.loc[:, "age"] = frame["age"] ** 2
    frame.to_parquet(tmp_path / "t.parquet")
    row = upload(name="people.parquet", target="label")
    row.original.write_bytes((tmp_path / "t.parquet").read_bytes())
    row = work(row)
    assert row.status == Status.COMPLETED, row.failure_message
    assert row.profile["dropped"] == [
        {"name": "l", "reason": "contains lists or objects (list<element: int64>)"}
    ]
    delete_dataset(row)


@pytest.mark.slow
def test_a_refused_preparation_can_be_corrected(upload: Any, work: Any) -> None:
    row = work(upload(target="price"))
    assert row.awaits_choices
    assert row.failure_message == "No column “price”. Columns: age, town, label."
    prepare_chosen(row, {"target": "label", "types": {"town": "number"}})
    row = work(row)
    assert row.awaits_choices
    assert row.failure_message == "Column “town”, row 1: “Köln” is not a number."
    assert row.upload["types"] == {"town": "number"}
    assert leftovers(row) == [row.original]
    prepare_chosen(row, {"types": {}})
    assert row.upload["target"] == "label"
    row = work(row)
    assert (row.status, row.failure_message) == (Status.COMPLETED, "")
    delete_dataset(row)


@pytest.mark.slow
def test_a_table_can_be_read_again(upload: Any, work: Any) -> None:
    row = work(upload())
    assert keep_choices(row, {"drop_rows": True, "target": "label", "types": {"age": "category"}})
    assert look_again(row, {"encoding": "utf-8"})
    row = work(row)
    assert row.awaits_choices
    assert "The file is not UTF-8" in row.failure_message
    assert row.upload["types"] == {"age": "category"}
    assert look_again(row, {"encoding": "cp437", "decimal": "."})
    row = work(row)
    assert (row.failure_message, row.detected_schema["encoding"]) == ("", "cp437")
    # Its values decide how a column is written, whatever the file's decimal sign.
    assert row.detected_schema["columns"][0]["type"] == "number"
    delete_dataset(row)
    assert leftovers(row) == []


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("a,b\n1,2,3\n", "t.csv", "Line 2: expected 2 columns, found 3."),
        ("a,b\n", "t.csv", "The file has a header but no rows."),
        ("a,a\n1,2\n", "t.tsv", "Several columns have the same name: “a”."),
        ('a,b\n1,"2\n', "t.csv", "Line 2: a quote (\") is not closed."),
        ("a,b\n1,\0\n", "t.csv", "The file is not a text table: line 2 contains NUL bytes."),
        (",".join("c" * 5001), "t.csv",
         "The table has 5,001 columns, more than the limit of 5,000."),
        ("PAR1 nothing PAR1", "t.parquet",
         "The Parquet file is damaged: its footer has an impossible size."),
    ],
)  # fmt: skip
def test_of_what_is_no_table_nothing_is_kept(
    upload: Any, work: Any, content: str, name: str, message: str
) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    row = work(upload(content, name))
    assert (row.status, row.failure_code) == (Status.FAILED, "bad_data")
    assert row.failure_message == message
    assert not row.awaits_choices
    assert leftovers(row) == []
    assert {process.pid for process in psutil.Process().children(recursive=True)} <= before
    assert not prepare_chosen(row, {"target": "a"})


def test_a_file_that_is_gone_cannot_be_prepared(upload: Any, work: Any) -> None:
    row = work(upload())
    prepare_chosen(row, {"target": "label"})
    row.original.unlink()
    row = work(row)
    assert (row.status, row.failure_code) == (Status.FAILED, "missing_file")
    assert not row.awaits_choices


def test_a_file_that_waits_for_choices_is_not_swept(upload: Any, work: Any) -> None:
    row = work(upload())
    long_ago = time.time() - files.SWEEP_AFTER.total_seconds() - 60
    os.utime(row.original, (long_ago, long_ago))
    files.sweep()
    assert row.original.exists()
    delete_dataset(row)
    assert leftovers(row) == []


# --- What a runner may say ---------------------------------------------------------------------


COLUMNS = [FoundColumn("a", "number", 0, 3, ["1"]), FoundColumn("b", "out", 0, 1, [], "is empty")]
LOOK = SchemaDetected(3, COLUMNS, "a", "regression", "utf-8", ",", ".")
TEXT = {"kind": TEXT_TABLE}


@pytest.mark.parametrize(
    ("change", "upload"),
    [
        ({}, {"kind": "arrays"}), ({}, {"kind": "parquet"}), ({"target": "c"}, TEXT),
        ({"task": "dance"}, TEXT), ({"encoding": "utf-7"}, TEXT), ({"delimiter": ""}, TEXT),
        ({"columns": COLUMNS[:1]}, TEXT), ({"columns": [COLUMNS[0]] * 2}, TEXT),
        ({"columns": [COLUMNS[0], replace(COLUMNS[1], type="code")]}, TEXT),
        ({"columns": [COLUMNS[0], replace(COLUMNS[1], name="b" * 300)]}, TEXT),
        ({"columns": [COLUMNS[0], replace(COLUMNS[1], name="")]}, TEXT),
        ({"columns": [COLUMNS[0], replace(COLUMNS[1], name="b\nimport os")]}, TEXT),
    ],
)  # fmt: skip
def test_looks_that_pages_could_not_show_are_refused(
    change: dict[str, Any], upload: dict[str, Any]
) -> None:
    assert schema_of(LOOK, TEXT)["columns"][1]["reason"] == "is empty"
    with pytest.raises(BadEvent):
        schema_of(replace(LOOK, **change), upload)


NUMBER = {"name": "a", "type": "number", "missing": 0,
          "histogram": {"edges": [0.0, 1, 2], "counts": [3, 4]}}  # fmt: skip
CATEGORY = {"name": "b", "type": "category", "missing": 1, "values": ["x"], "counts": [6],
            "different": 1}  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    [
        "ab", [None], [{**NUMBER, "name": 3}], [{**NUMBER, "name": "a\u2028b"}],
        [{**NUMBER, "missing": -1}],
        [{**NUMBER, "type": "code"}], [{**NUMBER, "histogram": None}],
        [{**NUMBER, "histogram": {"edges": [0.0, None, 2], "counts": [3, 4]}}],
        [{**NUMBER, "histogram": {"edges": [0.0, 1], "counts": [3, 4]}}],
        [{**NUMBER, "histogram": {"edges": [0.0], "counts": []}}],
        [{**CATEGORY, "values": [{}]}], [{**CATEGORY, "counts": [6, 7]}],
        [{**CATEGORY, "counts": ["6"]}], [{**CATEGORY, "different": None}],
    ],
)  # fmt: skip
def test_columns_that_pages_could_not_show_are_refused(columns: Any) -> None:
    profile = {"kind": "table", "task": "regression", "rows": 7, "input_shape": [2]}
    assert facts_of({**profile, "columns": [NUMBER, CATEGORY], "column_count": 2})
    with pytest.raises(BadEvent):
        facts_of({**profile, "columns": columns, "column_count": 2})
