"""Uploaded tables: what a look at them finds, what is prepared, and one sentence for each bad
one."""

import io
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tuning.protocol.events import Event, FoundColumn, SchemaDetected, decode_event, encode_event
from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.tables import source, text
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData

MB = 1024 * 1024


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's folder, and we are in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def read(
    content: bytes | str, name: str = "data.csv", **options: Any
) -> tuple[SchemaDetected, Any]:
    """What is found in a file, and the profile if a target is among the options."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    events: list[Event] = []
    upload = Upload(kind_of(name), name, name, options.pop("most_bytes", 64 * MB), **options)
    profile = prepare_upload("own-1", upload, Path("prepared"), events.append)
    found = next(event for event in events if isinstance(event, SchemaDetected))
    assert decode_event(encode_event(found)) == found
    return found, profile


def column(found: SchemaDetected, name: str) -> FoundColumn:
    return next(column for column in found.columns if column.name == name)


def csv(rows: int = 30, **columns: Any) -> str:
    """A table with a number, a category and classes, and these columns (functions of the row's
    number) in front of them."""
    columns |= {
        "size": lambda row: f"{row * 0.75}",
        "town": lambda row: ("Bonn", "Ulm", "Kiel")[row % 3],
        "label": lambda row: "yes" if row % 2 else "no",
    }
    lines = [",".join(columns)]
    lines += [",".join(str(of(row)) for of in columns.values()) for row in range(rows)]
    return "\n".join(lines) + "\n"


def parquet(table: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), buffer, **options)
    return buffer.getvalue()


def check_snippet(profile: dict[str, Any]) -> None:
    """The lines on the page give the same rows, columns, gaps and targets."""
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102  our own text
    frame, x = names["x"], np.load("prepared/x.npy")
    assert list(frame.columns) == profile["feature_names"]
    for place, facts in enumerate(json.loads(Path("prepared/meta.json").read_text())["columns"]):
        theirs, ours = frame.iloc[:, place], x[:, place]
        assert list(theirs.isna()) == list(np.isnan(ours))
        there = ~np.isnan(ours)
        if facts["type"] == "number":
            assert np.allclose(theirs[there].astype(float), ours[there], rtol=1e-6)
        else:
            texts = [facts["values"][int(value)] for value in ours[there]]
            assert [str(value).strip() for value in theirs[there]] == texts
    assert np.array_equal(names["y"], np.load("prepared/y.npy"))


# --- What is detected --------------------------------------------------------------------------


def test_a_look_proposes_and_prepares_nothing() -> None:
    found, profile = read(csv())
    assert profile is None
    assert (found.rows, found.target, found.task) == (30, "label", "classification")
    assert (found.encoding, found.delimiter, found.decimal) == ("utf-8", ",", ".")
    assert [(c.name, c.type, c.different) for c in found.columns] == [
        ("size", "number", 30), ("town", "category", 3), ("label", "category", 2),
    ]  # fmt: skip
    assert column(found, "town").examples == ["Bonn", "Ulm", "Kiel"]
    assert list(Path("prepared").iterdir()) == []


@pytest.mark.parametrize(
    ("values", "kind", "reason"),
    [
        (lambda row: row + 1, "out", "looks like a row ID"),
        (lambda row: row * 7 % 31, "number", ""),
        (lambda _: "", "out", "is empty"),
        (lambda _: "same", "out", "has the same value in every row: same"),
        (lambda _: 5, "out", "has the same value in every row: 5"),
        (lambda row: f"2024-01-{row % 28 + 1:02}", "out", "dates"),
        (lambda row: f"{row % 28 + 1}.3.2024 12:00", "out", "dates"),
        (lambda row: f"Name {row}", "out", "a different text in nearly every row"),
        (lambda row: "x" * (150 + row % 2), "out", "text of up to 151 characters"),
        (lambda row: "lost" if row == 17 else row, "out", "except “lost” in row 18"),
        (lambda row: row % 2, "number", ""),
        (lambda row: bool(row % 2), "category", ""),
        (lambda row: "" if row % 2 else "on", "category", ""),
        (lambda row: f"{row * 1.5e-3:e}", "number", ""),
        (lambda row: f' "{row % 3},{row % 4}00"', "number", ""),
    ],
)
def test_types_are_detected(values: Any, kind: str, reason: str) -> None:
    found, _ = read(csv(odd=values))
    odd = column(found, "odd")
    assert odd.type == kind, odd
    assert reason in odd.reason
    assert bool(odd.reason) == (kind == "out")


def test_a_column_called_id_is_no_input_though_it_has_gaps_in_its_count() -> None:
    found, _ = read(csv(customer_id=lambda row: row * row + 1000, year=lambda row: row + 1990))
    assert column(found, "customer_id").reason == "looks like a row ID"
    assert column(found, "year").type == "number"


def test_more_than_a_thousand_texts_are_no_category() -> None:
    found, _ = read(csv(rows=3000, word=lambda row: f"word {row % 1200}"))
    assert column(found, "word").reason == "has more than 1,000 unique values"
    Path("prepared").rmdir()
    content = csv(rows=3000, word=lambda row: f"word {row % 1200}")
    with pytest.raises(BadData, match="“word” has more than 1,000 unique values"):
        read(content, target="label", types={"word": "category"})


GAPS = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?", "-", "n/a", " ", "NULL", "#N/A", "--"]


def test_words_for_gaps() -> None:
    content = csv(age=lambda row: GAPS[row] if row < len(GAPS) else row * row)
    found, profile = read(content, target="label")
    assert column(found, "age").type == "number"
    assert column(found, "age").missing == profile["columns"][0]["missing"] == len(GAPS)
    assert profile["head"][0] == [None, 0.0, "Bonn", "no"]
    assert f"1 column has missing values: age {len(GAPS)}." in profile["notes"]
    check_snippet(profile)


def test_long_numbers_that_name_classes_are_not_rounded() -> None:
    """Floats hold only some whole numbers above 2**53."""
    first = 9007199254740992
    content = csv(account=lambda row: first + row % 3)
    _, profile = read(content, target="account", task="classification")
    assert profile["class_names"] == [str(first + n) for n in range(3)]
    check_snippet(profile)


def test_other_words_for_gaps_can_be_named() -> None:
    """Be they numbers, or in other letters; a whole column of classes may have them."""
    content = csv(
        age=lambda row: ("-999", "-999.0")[row % 2] if row % 5 == 0 else row,
        state=lambda row: " Unknown" if row % 4 == 0 else "ab"[row % 2],
    )
    found, _ = read(content)
    assert (column(found, "age").missing, column(found, "state").different) == (0, 3)
    shutil.rmtree("prepared")
    found, profile = read(content, target="label", gaps=["-999", "unknown"])
    assert (column(found, "age").missing, column(found, "state").missing) == (6, 8)
    age, state = profile["columns"][:2]
    assert age["histogram"]["edges"][0] == 1.0
    assert sorted(state["values"]) == ["a", "b"]
    check_snippet(profile)


@pytest.mark.parametrize(
    ("name", "encoding", "found_as"),
    [
        ("Köln", "utf-8", "utf-8"), ("Köln", "utf-8-sig", "utf-8"), ("Köln", "utf-16", "utf-16"),
        ("Köln", "utf-16-le", "utf-16-le"), ("Köln", "utf-16-be", "utf-16-be"),
        ("Köln €", "cp1252", "cp1252"), ("K\x81ln", "latin-1", "latin-1"),
        ("Köln", "utf-32", "utf-32"),
    ],
)  # fmt: skip
def test_encodings(name: str, encoding: str, found_as: str) -> None:
    content = csv().replace("Ulm", name).encode(encoding)
    found, profile = read(content, target="label")
    assert found.encoding == found_as
    assert found.columns[0].name == "size"
    assert name in profile["columns"][1]["values"]
    check_snippet(profile)


def test_another_encoding_can_be_chosen() -> None:
    content = csv().replace("Ulm", "Łódź").encode("cp1250")
    assert "£ódŸ" in column(read(content)[0], "town").examples
    Path("prepared").rmdir()
    found, _ = read(content, encoding="cp1250")
    assert "Łódź" in column(found, "town").examples
    Path("prepared").rmdir()
    with pytest.raises(BadData, match="not UTF-8: line 1"):
        read(content, encoding="utf-8")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".txt"])
def test_delimiters(delimiter: str, ending: str) -> None:
    content = csv().replace(",", delimiter)
    found, profile = read(content, f"data{ending}", target="label")
    assert found.delimiter == delimiter
    assert profile["rows"] == 30
    check_snippet(profile)


@pytest.mark.parametrize(
    ("cell", "value", "decimal"),
    [
        ("1,5", 1.5, ","), ("0,125", 0.125, ","), ("-1.234,5", -1234.5, ","),
        ("1.234.567,25", 1234567.25, ","), ("1 234,5", 1234.5, ","), ("1,234", 1.234, ","),
        ("1.5", 1.5, "."), ("1,234.5", 1234.5, "."), ("12'345.5", 12345.5, "."),
        ("1.234", 1.234, "."), ("1e-3", 0.001, "."), ("+.5", 0.5, "."),
        ("1\u202f234.5", 1234.5, "."),
    ],
)  # fmt: skip
def test_numbers_are_read_as_they_are_written(cell: str, value: float, decimal: str) -> None:
    lines = [f"{cell};{row};{'a' if row % 2 else 'b'}" for row in range(8)]
    content = "\n".join(["amount;n;class", *lines, ";9;a", f"{cell[:-1]}9;11;b"])
    found, profile = read(content, target="class")
    assert found.decimal == decimal
    assert column(found, "amount").type == "number"
    assert np.load("prepared/x.npy")[0, 0] == pytest.approx(value)
    check_snippet(profile)


@pytest.mark.parametrize("cell", ["1_000", "١٢", "1,23,45.7", "12,34.5", "0x10", "1.2.3", "∞"])
def test_what_only_python_takes_for_a_number_is_none(cell: str) -> None:
    found, _ = read(csv(odd=lambda row: f'"{cell}"' if row % 2 else "1.5"))
    assert column(found, "odd").type == "category"


def test_the_decimal_sign_can_be_chosen() -> None:
    content = "a;b;class\n" + "1,234;2;x\n1,500;3;y\n" * 5
    assert read(content)[0].decimal == ","
    for decimal, value in ((",", 1.234), (".", 1234.0)):
        Path("prepared").rename(f"before {decimal}")
        read(content, target="class", decimal=decimal)
        assert np.load("prepared/x.npy")[0, 0] == pytest.approx(value)


def test_quotes_hold_delimiters_lines_and_quotes() -> None:
    content = 'note,"a ""b""", class \n' + '"one,\ntwo", 1.5 ,x\r\n"one, two",2.5,y\n\n' * 4
    found, profile = read(content, target="class", types={"note": "category"})
    assert [c.name for c in found.columns] == ["note", 'a "b"', "class"]
    assert profile["columns"][0]["values"] == ["one,\ntwo", "one, two"]
    assert (profile["rows"], profile["class_names"]) == (8, ["x", "y"])


@pytest.mark.parametrize(
    ("head", "target"),
    [("a,b,target", "target"), ("price,a,b", "price"), ("y,a,b", "y"), ("a,b,c", "c"),
     ("a,house_price,b", "house_price"), ("label,b,y", "y")],
)  # fmt: skip
def test_a_target_is_proposed_by_its_name(head: str, target: str) -> None:
    rows = "".join(f"{row * 1.5},{row * 2.5},{row * 0.5}\n" for row in range(40))
    found, _ = read(f"{head}\n{rows}")
    assert (found.target, found.task) == (target, "regression")


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (lambda row: row % 3, "classification"), (lambda row: row * 2, "regression"),
        (lambda row: row / 4, "regression"), (lambda row: row % 2 + 0.5, "regression"),
        (lambda row: "ab"[row % 2], "classification"),
    ],
)  # fmt: skip
def test_a_task_is_proposed(values: Any, task: str) -> None:
    table = csv(rows=40).replace(",label", ",old")
    lines = table.splitlines()
    lines = [lines[0] + ",target", *(f"{line},{values(n)}" for n, line in enumerate(lines[1:]))]
    assert read("\n".join(lines))[0].task == task


# --- What is prepared --------------------------------------------------------------------------


def test_a_table_is_prepared_as_agreed() -> None:
    content = csv(rows=40, age=lambda row: "" if row == 3 else row % 7)
    _, profile = read(content, target="label")
    x, y = np.load("prepared/x.npy"), np.load("prepared/y.npy")
    assert (x.shape, x.dtype, y.dtype) == ((40, 3), np.float32, np.int64)
    assert np.isnan(x[3, 0])
    assert np.isnan(x).sum() == 1
    meta = json.loads(Path("prepared/meta.json").read_text())
    assert (meta["kind"], meta["task"], meta["rows"], meta["input_shape"]) == (
        "table", "classification", 40, [3],
    )  # fmt: skip
    assert meta["feature_names"] == ["age", "size", "town"]
    assert meta["target_name"] == "label"
    age, size, town = meta["columns"]
    assert (age["name"], age["type"], age["missing"]) == ("age", "number", 1)
    assert sum(age["histogram"]["counts"]) == 39
    assert len(size["histogram"]["edges"]) == len(size["histogram"]["counts"]) + 1
    assert np.array_equal(np.histogram(x[:, 1], size["histogram"]["edges"])[0],
                          size["histogram"]["counts"])  # fmt: skip
    assert town == {
        "name": "town", "type": "category", "missing": 0, "values": ["Bonn", "Kiel", "Ulm"],
        "counts": [14, 13, 13],
    }  # fmt: skip
    assert [town["values"][int(value)] for value in x[:3, 2]] == ["Bonn", "Ulm", "Kiel"]
    assert {*Path("prepared").iterdir()} == {
        Path("prepared") / name for name in ("x.npy", "y.npy", "meta.json")
    }
    json.dumps(profile, allow_nan=False)
    check_snippet(profile)


def test_a_quantity_is_prepared() -> None:
    _, profile = read(csv(rows=40), target="size")
    assert (profile["task"], profile["num_classes"]) == ("regression", None)
    assert np.load("prepared/y.npy").dtype == np.float32
    check_snippet(profile)


def test_numbers_become_classes_however_they_are_written() -> None:
    lines = [f"{n * n},{('1', '1.0', '10', '2')[n % 4]}" for n in range(40)]
    _, profile = read("\n".join(["a,target", *lines]), target="target")
    assert profile["class_names"] == ["1", "2", "10"]
    assert profile["class_counts"] == [20, 10, 10]
    assert "The numbers in “target” are used as classes." in profile["notes"]
    check_snippet(profile)


def test_types_can_be_corrected() -> None:
    content = csv(zip=lambda row: f"0{row % 5}123", ident=lambda row: row)
    found, profile = read(
        content, target="label", types={"zip": "category", "ident": "number", "town": "out"}
    )
    assert column(found, "zip").type == "number"
    assert profile["feature_names"] == ["zip", "ident", "size"]
    assert profile["columns"][0]["values"] == ["00123", "01123", "02123", "03123", "04123"]
    assert profile["dropped"] == [{"name": "town", "reason": "was excluded by you"}]
    check_snippet(profile)


def test_columns_to_keep_are_the_only_ones() -> None:
    content = csv(ident=lambda row: row, when=lambda row: f"2024-01-{row % 28 + 1:02}")
    _, profile = read(content, target="label", keep=["ident", "when"])
    assert [(c["name"], c["type"]) for c in profile["columns"]] == [
        ("ident", "number"), ("when", "category"),
    ]  # fmt: skip
    assert {one["name"] for one in profile["dropped"]} == {"size", "town"}
    check_snippet(profile)
    for options in ({"keep": ["idnt"]}, {"types": {"idnt": "out"}}):
        shutil.rmtree("prepared")
        with pytest.raises(BadData, match=r"No column “idnt”\. Columns: ident, when"):
            read(content, target="label", **options)


def test_rows_without_a_target_are_dropped_if_somebody_says_so() -> None:
    content = csv().replace(",yes", ",?", 3)
    with pytest.raises(BadData, match="3 rows have no target: “label” is empty in rows 2, 4 and 6"):
        read(content, target="label")
    Path("prepared").rmdir()
    _, profile = read(content, target="label", drop_rows=True)
    assert profile["rows"] == 27
    assert "3 rows were dropped because they have no target." in profile["notes"]
    assert sum(profile["columns"][0]["histogram"]["counts"]) == 27
    check_snippet(profile)


def test_a_table_in_many_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    content = csv(rows=100, age=lambda row: "" if row % 9 == 0 else row * 3 % 17)
    _, whole = read(content, target="label")
    x, y = np.load("prepared/x.npy"), np.load("prepared/y.npy")
    Path("prepared").rename("whole")
    monkeypatch.setattr(text, "CELLS_AT_ONCE", 28)
    _, pieces = read(content, target="label")
    assert pieces == whole
    assert np.array_equal(np.load("prepared/x.npy"), x, equal_nan=True)
    assert np.array_equal(np.load("prepared/y.npy"), y)


def test_a_column_without_a_name_gets_one() -> None:
    found, profile = read(pd.read_csv(io.StringIO(csv())).to_csv(), target="label")
    assert column(found, "column 1").reason == "looks like a row ID"
    assert profile["feature_names"] == ["size", "town"]


@pytest.mark.slow
def test_five_thousand_columns() -> None:
    head = ",".join(f"measure {n}" for n in range(4999))
    rows = [
        ",".join(f"{(n * 31 + row * row) % 97 / 7:.3f}" for n in range(4999)) + f",{row % 2}"
        for row in range(60)
    ]
    found, profile = read("\n".join([f"{head},target", *rows]), target="target")
    assert len(found.columns) == 5000
    assert len(encode_event(found)) < 2 * MB
    assert profile["column_count"] == 4999
    assert len(profile["columns"]) == 1000
    assert len(json.loads(Path("prepared/meta.json").read_text())["columns"]) == 4999


@pytest.mark.slow
def test_large_files_need_little_memory() -> None:
    line = ",".join(["0.123456789"] * 9)
    rows = "".join(f"{n},{line},{n % 2}\n" for n in range(60_000))
    content = f"n,{','.join('abcdefghi')},target\n{rows}".encode()
    assert len(content) > 6 * MB
    tracemalloc.start()
    read(content * 1, target="target", types={"n": "number"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A part of the file at a time: as texts, all of it would take nearly 70 MB.
    assert peak < 45 * MB


# --- Parquet -----------------------------------------------------------------------------------


def good_columns(rows: int = 40) -> dict[str, Any]:
    return {
        "whole": [None if n == 4 else n * 3 % 11 for n in range(rows)],
        "float": [float("nan") if n == 2 else n / 8 for n in range(rows)],
        "town": [("Bonn", "Ulm", None)[n % 3] for n in range(rows)],
        "flag": [bool(n % 2) for n in range(rows)],
        "label": [("yes", "no")[n % 2] for n in range(rows)],
    }


def test_a_parquet_file() -> None:
    found, profile = read(parquet(good_columns()), "data.parquet", target="label")
    assert [(c.name, c.type, c.missing) for c in found.columns] == [
        ("whole", "number", 1), ("float", "number", 1), ("town", "category", 13),
        ("flag", "category", 0), ("label", "category", 0),
    ]  # fmt: skip
    assert (found.encoding, found.delimiter, found.decimal) == ("", "", "")
    assert profile["columns"][3]["values"] == ["False", "True"]
    assert profile["class_counts"] == [20, 20]
    check_snippet(profile)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([[1, 2]] * 40, "lists or objects"),
        ([{"a": 1}] * 40, "lists or objects"),
        (pd.timedelta_range("1 day", periods=40), "dates or times"),
        ([b"\0\1"] * 40, "has type binary"),
        (pa.nulls(40), "is empty"),
    ],
)
def test_columns_of_other_types_are_left_out_with_a_reason(values: Any, reason: str) -> None:
    content = parquet({**good_columns(), "odd": values})
    found, profile = read(content, "data.parquet", target="label")
    assert column(found, "odd").type == "out"
    assert reason in column(found, "odd").reason
    assert profile["dropped"][0]["name"] == "odd"
    check_snippet(profile)
    Path("prepared").rename("before")
    with pytest.raises(BadData, match=r"“odd”.*\. Leave it out"):
        read(content, "data.parquet", target="label", types={"odd": "number"})
    Path("prepared").rename("before that")
    with pytest.raises(BadData, match="“odd” cannot be the target"):
        read(content, "data.parquet", target="odd")


def test_categories_decimals_and_many_row_groups() -> None:
    import decimal

    table = pa.table({
        "kind": pa.array([("a", "b", None)[n % 3] for n in range(40)]).dictionary_encode(),
        "money": pa.array([decimal.Decimal(n) / 4 for n in range(40)]),
        "target": pa.array([n * 1.5 for n in range(40)], pa.float32()),
    })  # fmt: skip
    _, profile = read(parquet(table, row_group_size=7), "t.parquet", target="target")
    assert [c["type"] for c in profile["columns"]] == ["category", "number"]
    assert (profile["rows"], profile["task"]) == (40, "regression")
    check_snippet(profile)


def test_words_for_gaps_in_a_parquet_file() -> None:
    content = parquet({**good_columns(), "word": [("a", "NA", "?", "")[n % 4] for n in range(40)]})
    _, profile = read(content, "t.parquet", target="label")
    assert profile["columns"][-1]["missing"] == 30
    check_snippet(profile)


@pytest.mark.slow
def test_a_text_that_is_repeated_takes_memory_once() -> None:
    rows = 100_000
    content = parquet({"long": ["x" * 10_000] * rows, "n": range(rows), "y": [1.5, 2.5] * 50_000})
    assert len(content) < 2 * MB
    tracemalloc.start()
    found, _ = read(content, "t.parquet")
    assert tracemalloc.get_traced_memory()[1] < 60 * MB
    tracemalloc.stop()
    assert column(found, "long").type == "out"


PARQUET = parquet(good_columns())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PAR1PAR1", "damaged"),
        (PARQUET[:-1], "not a complete Parquet file"),
        (b"a,b\n1,2\n", "not a complete Parquet file"),
        (PARQUET[:-8] + b"\xff\xff\xff\x7fPAR1", "footer has an impossible size"),
        (PARQUET[:40] + PARQUET[60:], "damaged"),
        (parquet({"a": [], "b": []}), "has no rows"),
        (parquet({"a": [1, 2]}), "only one column"),
        (parquet({"a": [[1]], "b": [[1]]}), "No usable columns. For example, “a” contains lists"),
        (parquet({f"c{n}": [1] for n in range(5001)}), "5,001 columns, more than the limit"),
        (parquet(pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])),
         "same name: “a”"),
    ],
)  # fmt: skip
def test_parquet_files_are_refused_with_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(BadData, match=words) as error:
        read(content, "data.parquet")
    assert str(error.value).endswith(".")


def test_a_parquet_file_that_declares_too_much_is_not_unpacked() -> None:
    rows = 4_000_000
    content = parquet({"a": np.zeros(rows, np.int8), "b": np.ones(rows, np.int8)})
    assert len(content) < MB
    with pytest.raises(BadData, match="declares 4,000,000 rows of 2 columns"):
        read(content, "data.parquet", most_bytes=8 * MB)


# --- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"\xef\xbb\xbf\n\n", "The file is empty"),
        (b"a,b,c\n", "has a header but no rows"),
        (b"a\n1\n2\n", "only one column, “a”"),
        # Titles, with any delimiter, and padded as spreadsheets export them.
        (b"Sales of May\nday,sold\n1,2\n2,5\n", "first row is “Sales of May” .* have 2 cells"),
        (b"Sales\n\nday\tsold\tback\n1\t2\t3\n2\t5\t0\n", "first row is “Sales”.*Remove all"),
        (b"Sales of May,,\n,,\nday,sold,back\n1,2,3\n2,5,0\n", "first row is “Sales of May”"),
        (b"a,b,a,b\n1,2,3,4\n", "same name: “a”, “b”"),
        (b"a,b\n1,2\n1,2,3\n1\n4,5\n1,2,3\n1,2,3\n",
         r"Line 3: expected 2 columns, found 3. Also wrong: line 4 \(1\), .* and 1 more."),
        (b'a,b\n1,"2\n3,4\n', "Line 2: a quote .* is not closed"),
        (b'a,b\n1,"2" x\n3,4\n', "Line 2: a cell continues after its closing quote"),
        (b'a,b\n1,"' + b"2\n" * 70_000 + b'"\n',
         "more than 65,536 characters. Check for an unclosed quote"),
        (b"a,b\n1,2\n\0,4\n", "not a text table: line 3 contains NUL bytes"),
        (b"GIF89a\x01\x02\x03,\n", "not a text table: line 1 contains the character"),
        (b"a,b\n1," + b"2" * (1 << 20) + b"\n", "Line 2 has more than 1,048,576 characters"),
        (b"a,b\n" + b"n" * 101 + b",2\n", ""),
        (b"n" * 101 + b",b\n1,2\n", "name of column 1 has 101 characters"),
        (b",".join(b"%d" % n for n in range(5001)) + b"\n", "5,001 columns, more than the limit"),
        (b",".join([b"1"] * 2_000_000) + b"\n", "more than 5,000 columns"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_a_sentence(content: bytes, words: str) -> None:
    if not words:
        read(content)
        return
    with pytest.raises(BadData, match=words) as error:
        read(content)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "price"}, "No column “price”. Columns: odd, size, town, label."),
        ({"target": "odd"}, "The target “odd” is empty"),
        ({"target": "label", "types": {"town": "number"}},
         "“town”, row 1: “Bonn” is not a number."),
        ({"target": "town", "task": "regression"}, "“town”, row 1: “Bonn”"),
        ({"target": "label", "types": {"odd": "number"}}, "“odd” is empty. Leave it out"),
        ({"target": "label", "types": {"odd": "category"}}, "“odd” is empty. Leave it out"),
        ({"target": "label", "types": {"town": "code"}}, "cannot have type “code”"),
        ({"target": "label", "types": {"size": "out", "town": "out"}}, "No input columns remain"),
        ({"target": "size", "task": "classification"}, "30 classes have only 1 row"),
        ({"target": "label", "most_bytes": 100}, "The prepared table needs 0 MB"),
        ({"encoding": "utf-7"}, "Unsupported encoding: “utf-7”"),
        ({"delimiter": "x"}, "delimiter must be"),
        ({"decimal": "x"}, "decimal separator must be"),
    ],
)  # fmt: skip
def test_choices_that_do_not_fit_are_refused_with_a_sentence(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadData, match=words) as error:
        read(csv(odd=lambda _: ""), **options)
    assert str(error.value).endswith(".")
    assert not Path("prepared/x.npy").exists()


@pytest.mark.parametrize(
    ("label", "words"),
    [
        (lambda _: "one", "only one class, “one”"),
        (lambda row: "three" if row == 5 else "ab"[row % 2], "class “three” has only 1 row"),
        (lambda _: 4, "only one class, “4”"),
    ],
)
def test_targets_that_teach_nothing(label: Any, words: str) -> None:
    with pytest.raises(BadData, match=words):
        read(csv(goal=label), target="goal", task="classification")


def test_a_quantity_that_never_changes_teaches_nothing() -> None:
    with pytest.raises(BadData, match="All rows have the same target"):
        read(csv(goal=lambda _: 4), target="goal", task="regression")


def test_numbers_beyond_float32_are_named() -> None:
    with pytest.raises(BadData, match="row 1: “1e39” is too large a number"):
        read(csv(big=lambda _: "1e39"), target="label", types={"big": "number"})


def test_more_than_a_thousand_values_are_no_classes() -> None:
    content = "a,b\n" + "".join(f"{n % 7},{n}\n" for n in range(3000))
    with pytest.raises(BadData, match="“b” has more than 1,000 unique values, too many"):
        read(content, target="b", task="classification")


def test_columns_are_counted_before_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few rows of two million columns would take gigabytes."""
    monkeypatch.setattr(source, "CELLS_AT_ONCE", None)
    line = b",".join([b"1"] * 2_000_000) + b"\n"
    tracemalloc.start()
    with pytest.raises(BadData, match="more than 5,000 columns"):
        read(line * 3)
    assert tracemalloc.get_traced_memory()[1] < 30 * MB
    tracemalloc.stop()


# --- Names -----------------------------------------------------------------------------------


HEAD = '"Rent\n(EUR)","  town","a\u2028b",label\n'


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_the_name_of_a_column_is_one_line(format: str) -> None:
    rows = [(row * 1.5, ("Ulm", "Bonn")[row % 2], row, ("yes", "no")[row % 2]) for row in range(40)]
    text = HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows)
    names = ["Rent\n(EUR)", "  town", "a\u2028b", "label"]
    content = (
        text if format == "csv" else parquet(pd.DataFrame(rows, columns=names).to_dict("list"))
    )
    found, profile = read(content, f"data.{format}", target="label", types={"a b": "number"})
    assert [one.name for one in found.columns] == ["Rent (EUR)", "town", "a b", "label"]
    assert profile["feature_names"] == ["Rent (EUR)", "town", "a b"]
    check_snippet(profile)
