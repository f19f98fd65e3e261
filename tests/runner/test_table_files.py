"""Tables in other files than CSV and Parquet: compressed, spreadsheets, JSON lines, without a
header, divided by blanks, and in zips. What is read is what the snippet on the page reads."""

import bz2
import gzip
import io
import json
import lzma
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuning.runner.failures import BadData

from .test_damaged_tables import FUZZ, _check, damaged
from .test_tables import MB, check_snippet, column, csv, read, workplace

__all__ = ["workplace"]

CASES = Path(__file__).parent.parent / "cases"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
}  # fmt: skip


def sheet(rows: list[list[Any]], title: str = "Data", **others: list[list[Any]]) -> bytes:
    """A spreadsheet with this sheet and others after it."""
    workbook = openpyxl.Workbook()
    del workbook["Sheet"]
    for name, content in {title: rows, **others}.items():
        made = workbook.create_sheet(name)
        for row in content:
            made.append(row)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def zipped(**files: bytes | str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def again() -> None:
    shutil.rmtree("prepared")


# --- Compressed -----------------------------------------------------------------------------


@pytest.mark.parametrize("ending", PACKERS)
def test_a_compressed_table(ending: str) -> None:
    found, profile = read(PACKERS[ending](csv().encode()), f"t.csv.{ending}", target="label")
    assert (found.rows, profile["rows"]) == (30, 30)
    check_snippet(profile)
    assert not list(Path().glob("unpacked-*"))


def test_compressed_tabs() -> None:
    content = csv(note=lambda row: f"a; {row % 2}").replace(",", "\t").encode()
    found, _ = read(gzip.compress(content), "t.tsv.gz")
    assert found.delimiter == "\t"


@pytest.mark.slow
@pytest.mark.parametrize("ending", PACKERS)
def test_a_compressed_bomb_is_refused_in_little_memory(ending: str) -> None:
    bomb = PACKERS[ending](bytes(80 * MB))
    tracemalloc.start()
    for most, words in ((8 * MB, "limit of 8 MB"), (1 << 30, "more than 200 times its size")):
        with pytest.raises(BadData, match=words):
            read(bomb, f"t.csv.{ending}", most_bytes=most)
        again()
    assert tracemalloc.get_traced_memory()[1] < 16 * MB
    tracemalloc.stop()


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("change", [lambda b: b[:-9], lambda b: b[:20] + b"x" * 9 + b[29:],
                                    lambda _: csv().encode()])  # fmt: skip
def test_damaged_compressed_files(ending: str, change: Callable[[bytes], bytes]) -> None:
    packed = PACKERS[ending](csv(rows=90).encode())
    with pytest.raises(BadData, match="compressed file is damaged"):
        read(change(packed), f"t.csv.{ending}")


# --- Without a header, and other delimiters ---------------------------------------------------


IRIS = "".join(f"{4 + n / 9:.1f},{n % 4}.5,Iris-{'ab'[n % 2]}\n" for n in range(30))
MUSHROOMS = "".join(
    f"{'ep'[n % 2]},{'xbs'[n % 3]},{'nyw'[n // 2 % 3]},{'tf'[n // 3 % 2]}\n" for n in range(40)
)
MPG = "".join(
    f'{n % 9 + 12}.0   {n % 4 + 4}   {n * 37 % 400}.5      130.0\t"car {n % 3}"\n'
    for n in range(30)
)
YEARS = "country,1990,1995,2000\n" + "".join(f"c{n},{n},{n * 2},{n * 3}\n" for n in range(9))


@pytest.mark.parametrize(
    ("content", "name", "header", "delimiter", "columns"),
    [
        (IRIS, "iris.data", "no", ",", 3), (MUSHROOMS, "mushrooms.data", "no", ",", 4),
        (MPG, "auto-mpg.data", "no", " ", 5), ("  " + MPG, "auto.txt", "no", " ", 5),
        (csv(), "t.csv", "yes", ",", 3), (YEARS, "t.csv", "yes", ",", 4),
        (csv().replace(",", "   "), "t.txt", "yes", " ", 3),
        (csv().replace(",", ":"), "t.txt", "yes", ":", 3),
        ("0,1,2\n" + "".join(f"{n},{n * n},{n % 2}\n" for n in range(9)), "t.csv", "yes", ",", 3),
        ("6,148,72,1\n" + "".join(f"{n},{n * n},7{n},{n % 2}\n" for n in range(9)), "t.csv", "no",
         ",", 4),
    ],
)  # fmt: skip
def test_headers_and_delimiters_are_detected(
    content: str, name: str, header: str, delimiter: str, columns: int
) -> None:
    found, _ = read(content, name)
    assert (found.header, found.delimiter, len(found.columns)) == (header, delimiter, columns)
    again()
    target = found.columns[-1].name
    if name != "t.csv" or delimiter != ",":
        found, profile = read(content, name, target=target)
        lines = content.strip().count("\n") + 1
        assert profile["rows"] == lines - (header == "yes")
        check_snippet(profile)


def test_whether_there_is_a_header_can_be_chosen() -> None:
    found, _ = read(csv(), header="no")
    assert [c.name for c in found.columns] == ["column 1", "column 2", "column 3"]
    assert found.rows == 31
    again()
    found, _ = read(IRIS, header="yes")
    assert found.columns[2].name == "Iris-a"
    again()
    with pytest.raises(BadData, match="first row must be"):
        read(IRIS, header="maybe")


# --- Spreadsheets -----------------------------------------------------------------------------


def spreadsheet_rows() -> list[list[Any]]:
    return [
        ["size", "town", "zip", "flag", "cost", "when", "label"],
        *(
            [None if n == 4 else n * 0.75, ("Bonn", "Ulm", "NA")[n % 3], f"0{n % 4}1",
             bool(n % 2), f"${n * 1000:,}.50", pd.Timestamp("2024-01-31").to_pydatetime(),
             ("yes", "no")[n % 2]]
            for n in range(40)
        ),
    ]  # fmt: skip


def test_a_spreadsheet() -> None:
    found, profile = read(sheet(spreadsheet_rows()), "t.xlsx", target="label")
    assert [(c.name, c.type, c.missing) for c in found.columns] == [
        ("size", "number", 1), ("town", "category", 13), ("zip", "number", 0),
        ("flag", "category", 0), ("cost", "number", 0), ("when", "out", 0),
        ("label", "category", 0),
    ]  # fmt: skip
    assert (found.sheet, found.sheets, found.header) == ("Data", ["Data"], "yes")
    assert (found.encoding, found.decimal) == ("", "")
    assert np.load("prepared/x.npy")[1, -1] == 1000.5
    check_snippet(profile)
    again()
    _, profile = read(
        sheet(spreadsheet_rows()), "t.xlsx", target="label", not_missing=["NA"],
        types={"zip": "category", "size": "category"},
    )  # fmt: skip
    assert profile["columns"][1]["values"] == ["Bonn", "NA", "Ulm"]
    assert profile["columns"][2]["values"] == ["001", "011", "021", "031"]
    check_snippet(profile)


def test_a_title_above_a_sheet_is_named() -> None:
    rows = [["Sales of May"], *spreadsheet_rows()]
    with pytest.raises(BadData, match="The first row is “Sales of May” and nothing else"):
        read(sheet(rows), "t.xlsx")


def test_another_sheet_can_be_chosen() -> None:
    other = [["a", "b", "target"], *([n * n, n % 3, n / 4] for n in range(20))]
    content = sheet([], "Empty", Notes=spreadsheet_rows(), More=other)
    found, _ = read(content, "t.xlsx")
    assert (found.sheet, found.sheets) == ("Notes", ["Empty", "Notes", "More"])
    again()
    found, profile = read(content, "t.xlsx", sheet="More", target="target")
    assert (found.rows, profile["task"]) == (20, "regression")
    check_snippet(profile)
    again()
    found, _ = read(
        sheet([["Read me"], ["of 2024"]], "Notes", Ragged=[["a", 1], [1, 2, 3]], Data=other),
        "t.xlsx",
    )
    assert found.sheet == "Data", "notes come before the table"
    for title, words in (("Empty", "sheet “Empty” is empty"), ("x", "no sheet “x”. Sheets: Empty")):
        again()
        with pytest.raises(BadData, match=words):
            read(content, "t.xlsx", sheet=title)


def test_blank_rows_failed_formulas_and_no_header() -> None:
    rows: list[list[Any]] = [[], *([n * n, n % 3, n / 4] for n in range(20))]
    rows.insert(7, [])
    rows[9][1] = "#DIV/0!"
    found, profile = read(sheet(rows), "t.xlsx", target="column 3")
    assert (found.header, found.rows, column(found, "column 2").missing) == ("no", 20, 1)
    check_snippet(profile)


def test_a_row_that_is_longer_than_the_header_is_named() -> None:
    rows = [["a", "b"], [1, 2], [3, 4, 5]]
    with pytest.raises(BadData, match="Row 2 of the sheet “Data” has 3 cells, but the first row"):
        read(sheet(rows), "t.xlsx")


def _changed(content: bytes, entry: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one of its files changed."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for one in old.namelist():
            new.writestr(one, change(old.read(one)) if one == entry else old.read(one))
    return buffer.getvalue()


SMALL = sheet([["a", "b", "c"], *([n, n * n, "xy"[n % 2]] for n in range(12))])
SHEET = "xl/worksheets/sheet1.xml"
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>"
)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda xml: xml.replace(b'r="C13"', b'r="XFD1048577"'), "damaged|limit|columns"),
        (lambda xml: xml.replace(b'<row r="13"', b'<row r="999999999"'), "more than 1,048,576"),
        (lambda xml: xml.replace(b'r="C13"', b'r="XFC13"'), "16,383 columns, more than the limit"),
        (lambda xml: xml.replace(b"<v>144</v>", b"<v>x</v>").replace(b'<c r="B5"', b'<c r="5"'),
         "damaged"),
        (lambda xml: xml.replace(b"<worksheet", ENTITIES + b"<worksheet", 1)
         .replace(b"<v>4</v>", b"<v>&j;</v>"), "damaged"),
        (lambda xml: xml[:-300], "damaged"),
        (lambda _: b" " * 90_000_000, "more than the limit"),
    ],
)  # fmt: skip
def test_hostile_spreadsheets(change: Callable[[bytes], bytes], words: str) -> None:
    content = _changed(SMALL, SHEET, change)
    with pytest.raises(BadData, match=words):
        read(content, "t.xlsx", most_bytes=32 * MB)


def test_a_sheet_that_lies_about_its_size_costs_nothing() -> None:
    content = _changed(SMALL, SHEET, lambda xml: xml.replace(b'ref="A1:C13"', b'ref="A1:XFD99999"'))
    assert content != SMALL
    assert read(content, "t.xlsx")[0].rows == 12


# --- JSON lines -------------------------------------------------------------------------------


def json_lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_json_lines() -> None:
    rows = [
        {"size": n / 4, "town": ("Bonn", None)[n % 2], "code": n % 3, "tags": ["a"],
         "ok": bool(n % 2), "cost": f"€ {n * n % 7}", **({"late": n * n} if n else {}),
         "label": "yn"[n % 2]}
        for n in range(30)
    ]  # fmt: skip
    found, profile = read(
        "\n" + json_lines(rows), "t.jsonl", target="label", types={"code": "category",
                                                                   "late": "category"},
    )  # fmt: skip
    assert [(c.name, c.type) for c in found.columns] == [
        ("size", "number"), ("town", "category"), ("code", "number"), ("ok", "category"),
        ("cost", "number"), ("label", "category"), ("late", "number"), ("tags", "out"),
    ]  # fmt: skip
    assert column(found, "tags").reason == "contains lists or objects"
    assert column(found, "late").missing == 1
    assert profile["rows"] == 30
    check_snippet(profile)
    again()
    _, profile = read(gzip.compress(json_lines(rows).encode()), "t.jsonl.gz", target="label")
    check_snippet(profile)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "empty"), ('{"a": 1, "b": 2}\n{"a":', "Line 2 is not valid JSON"),
        ("[1, 2]\n", "Line 1 is not a JSON object"), ('{"a": 1}\n', "only one column"),
        ("[" * 100_000, "Line 1 is not valid JSON"),
        (json.dumps({f"c{n}": n for n in range(5001)}), "5,001 columns"),
        (b"\xff{}", "not UTF-8"), ('{"a": [1], "b": {}}', "No usable columns"),
    ],
)  # fmt: skip
def test_json_lines_that_are_refused(content: str | bytes, words: str) -> None:
    with pytest.raises(BadData, match=words):
        read(content, "t.jsonl")


# --- Zips -------------------------------------------------------------------------------------


def test_a_zip_of_tables_proposes_the_one_for_training() -> None:
    content = (CASES / "archive_of_csvs.zip").read_bytes()
    found, profile = read(content, "archive.zip", target="quality")
    assert found.members == ["train.csv", "test.csv", "sample_submission.csv"]
    assert (found.member, profile["feature_names"]) == (
        "train.csv", ["fixed acidity", "volatile acidity", "alcohol"],
    )  # fmt: skip
    check_snippet(profile)
    again()
    found, _ = read(content, "archive.zip", member="test.csv")
    assert (found.member, len(found.columns)) == ("test.csv", 3)
    again()
    with pytest.raises(BadData, match=r"no table “x\.csv”\. Tables: train\.csv"):
        read(content, "archive.zip", member="x.csv")


def test_files_with_the_same_columns_are_one_table() -> None:
    parts = {f"2024/{month}__csv": csv(rows=20) for month in ("jan", "feb", "mar")}
    parts["__MACOSX/._jan__csv"] = "x"
    found, profile = read(zipped(**parts), "months.zip", target="label")
    assert (found.member, found.rows, profile["rows"]) == ("*", 60, 60)
    check_snippet(profile)
    again()
    found, _ = read(zipped(**parts), "months.zip", member="2024/feb.csv")
    assert found.rows == 20
    again()
    parts["2024/apr__csv"] = csv(rows=20, more=lambda row: row)
    with pytest.raises(BadData, match=r"“2024/apr.csv” has other columns than “2024/jan.csv”"):
        read(zipped(**parts), "months.zip", member="*")
    again()
    parts["2024/apr__csv"] = csv(rows=20) + "1,2\n"
    with pytest.raises(BadData, match=r"2024/apr.csv: Line 22: expected 3 columns, found 2"):
        read(zipped(**parts), "months.zip", member="*")


def test_other_tables_in_a_zip() -> None:
    content = zipped(t__xlsx=sheet(spreadsheet_rows()), readme__md="# Data")
    found, profile = read(content, "t.zip", target="label")
    assert (found.member, found.sheet) == ("t.xlsx", "Data")
    check_snippet(profile)
    again()
    rows = [{"a": n, "b": n * n, "y": n / 4} for n in range(20)]
    _, profile = read(zipped(t__jsonl=json_lines(rows)), "t.zip", target="y")
    check_snippet(profile)


# --- What chance damages ----------------------------------------------------------------------


FILES = {
    "t.xlsx": [SMALL],
    "t.jsonl": [json_lines([{"a": n, "b": "xy"[n % 2], "c": None} for n in range(12)]).encode()],
    "t.csv.gz": [gzip.compress(csv().encode())],
    "t.csv.xz": [lzma.compress(csv().encode())],
    "t.zip": [zipped(a__csv=csv(), b__csv=csv(rows=9))],
    "t.data": [IRIS.encode(), MPG.encode()],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_damaged_files(name: str) -> None:
    @given(content=damaged(FILES[name]))
    @settings(FUZZ, max_examples=25)
    def check(content: bytes) -> None:
        _check(content, name)
        _check(content, name, target="c", drop_rows="yes")

    check()


@given(
    cells=st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-1e30, 1e30), st.integers(-(10**9), 10**9)),
            st.one_of(st.none(), st.sampled_from(["a", "b c", "ü", "1", "x,y", 'q"'])),
        ),
        min_size=8, max_size=20,
    )
)  # fmt: skip
@settings(FUZZ, max_examples=15)
def test_a_table_that_is_written_is_read(cells: list[tuple[Any, Any]]) -> None:
    rows = [[n / 8, *pair, "yn"[n % 2]] for n, pair in enumerate(cells)]
    names = ["n", "number", "word", "label"]
    types = {"number": "number", "word": "category", "n": "number"}
    types = {name: kind for place, (name, kind) in enumerate(types.items(), 1)
             if any(row[names.index(name)] is not None for row in rows)}  # fmt: skip
    files = {
        "t.xlsx": sheet([names, *rows]),
        "t.jsonl": json_lines([dict(zip(names, row, strict=True)) for row in rows]),
        "t.csv": pd.DataFrame(rows, columns=names).to_csv(index=False),
        "t.csv.gz": gzip.compress(pd.DataFrame(rows, columns=names).to_csv(index=False).encode()),
    }
    found: list[np.ndarray] = []
    for name, content in files.items():
        shutil.rmtree("prepared", ignore_errors=True)
        read(content, name, target="label", types=types)
        found.append(np.load("prepared/x.npy"))
    for other in found[1:]:
        assert np.array_equal(other, found[0], equal_nan=True)
