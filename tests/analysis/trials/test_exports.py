"""Exports of a trial table: pandas reads each of them back and finds the raw rows."""

import csv
import io
import json
import random
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from tests.services import PATIENCE, program
from tuning.analysis.exports import guarded
from tuning.analysis.trials.exports import FORMATS, Rows, optuna_storage, parquet, rows
from tuning.analysis.trials.exports.latex_text import escaped
from tuning.analysis.trials.selection import Selection
from tuning.models import Search, Star, Tag, Trial, TrialIndex
from tuning.protocol.statuses import Status

# The others are storages: test_optuna_storages.py.
TABLES = ("csv", "json", "latex", "parquet")
LONG = "a/long/path/" * 40


@pytest.fixture
def many(make_search: Any) -> Any:
    """A function: a search with so many trials of every kind of value, gap and status."""

    def make(count: int) -> Search:
        search: Search = make_search(max_trials=count)
        search.trials.all().delete()
        draw = random.Random(7)
        Trial.objects.bulk_create(_trial(search, number, draw) for number in range(1, count + 1))
        TrialIndex.objects.fill(search)
        search.refresh_from_db()
        return search

    return make


def _trial(search: Search, number: int, draw: random.Random) -> Trial:
    done = number % 7 != 0
    values: dict[str, Any] = {
        "units": draw.randrange(8, 72, 8),
        "optimizer": draw.choice(["adam", "sgd", "None", "=1+1", '-x, "y"\nz']),
        "learning_rate": 10 ** draw.uniform(-7, -1),
        "augment": draw.random() < 0.5,
        "weights": draw.choice([LONG, "ünï–中"]),
        "mixed": draw.choice([1, 2.5, "auto", True]),
        "big": 2**60 + number,
    }
    if values["optimizer"] == "sgd":
        values["momentum"] = draw.randrange(10) / 10
    metrics = {"val_accuracy": draw.random(), "val_loss": draw.random()} if done else {}
    status = Status.COMPLETED if done else Status.FAILED
    return Trial(
        search=search, number=number, values=values,
        status=Status.RUNNING if number == 3 else status,
        failure_code="" if done else "code_error",
        score=metrics.get("val_accuracy") if number != 3 else None,
        metrics=metrics, last_metrics=metrics,
        epochs_done=3, parameters=1000 * number, peak_memory=2**33,
        peak_gpu_memory=2**34 + number, gpu_use=draw.random() if done else None,
    )  # fmt: skip


COLUMNS = (
    "number", "status", "score", "hp:units", "hp:optimizer", "hp:momentum", "hp:learning_rate",
    "hp:augment", "hp:weights", "hp:mixed", "hp:big", "metric:val_loss", "last:val_loss", "epochs",
    "parameters", "memory", "gpu_memory", "gpu_use", "failure", "tags", "stars",
)  # fmt: skip
QUERY = "&".join(f"column={key}" for key in COLUMNS)
PARTS = {"hp": "values", "metric": "metrics", "last": "last_metrics"}
FIELDS = {
    "epochs": "epochs_done", "memory": "peak_memory", "gpu_memory": "peak_gpu_memory",
    "failure": "failure_code",
}  # fmt: skip


def raw(search: Search) -> list[dict[str, Any]]:
    """The trials themselves, past everything under test."""
    return [
        {key: _raw(trial, key) for key in COLUMNS} for trial in search.trials.order_by("number")
    ]


def _raw(trial: Trial, key: str) -> Any:
    prefix, _, name = key.partition(":")
    if key == "tags":
        return sorted(trial.tags.values_list("name", flat=True))
    if key == "stars":
        return trial.stars.count()
    if name:
        return getattr(trial, PARTS[prefix]).get(name)
    value = getattr(trial, FIELDS.get(key, key))
    return None if value == "" else value


def export(search: Search, user: User, name: str, query: str = QUERY) -> bytes:
    return b"".join(FORMATS[name].pieces(Rows(Selection.read(search, query, user))))


@pytest.fixture
def search(many: Any, alice: User, monkeypatch: pytest.MonkeyPatch) -> Search:
    """More than twice as many trials as are read at a time, tags and stars among them."""
    monkeypatch.setattr(rows, "BATCH", 100)
    search: Search = many(201)
    trial = search.trials.get(number=2)
    for name in ("=cmd", "final"):
        Tag.objects.create(project=search.project, trial=trial, name=name)
    Star.objects.create(project=search.project, trial=trial, user=alice)
    return search


def test_json_has_every_value_as_it_is(search: Search, alice: User) -> None:
    document = json.loads(export(search, alice, "json"))
    assert document["rows"] == raw(search)
    # 1 == 1.0 == True, so the types are compared too.
    found = [{k: type(v) for k, v in row.items()} for row in document["rows"]]
    assert found == [{k: type(v) for k, v in row.items()} for row in raw(search)]
    assert [column["key"] for column in document["columns"]] == list(COLUMNS)
    assert document["selection"]["trials"] == document["selection"]["of"] == 201


def test_pandas_reads_the_csv_file(search: Search, alice: User) -> None:
    data = export(search, alice, "csv")
    # As the snippet on the page does.
    table = pd.read_csv(io.BytesIO(data), keep_default_na=False, na_values=[""])
    wanted = pd.DataFrame(raw(search))
    assert list(table) == list(COLUMNS)
    for key in COLUMNS:
        if wanted[key].dtype.kind in "if":
            pd.testing.assert_series_equal(table[key], wanted[key], check_dtype=False)
    assert table["hp:big"].tolist() == wanted["hp:big"].tolist()
    assert table["hp:augment"].dtype == bool
    assert table["hp:augment"].tolist() == wanted["hp:augment"].tolist()
    texts = wanted["hp:optimizer"].map({"=1+1": "'=1+1", '-x, "y"\nz': '\'-x, "y"\nz'}.get)
    assert table["hp:optimizer"].tolist() == texts.fillna(wanted["hp:optimizer"]).tolist()
    assert table["hp:weights"].tolist() == wanted["hp:weights"].tolist()
    assert table["tags"].dropna().tolist() == ["'=cmd; final"]


def test_csv_has_the_line_ends_of_its_standard_and_nothing_that_spreadsheets_run(
    search: Search, alice: User
) -> None:
    text = export(search, alice, "csv").decode()
    assert text.startswith("number,status,score,")
    assert text.endswith("\r\n")
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell.startswith(("=", "@", "\t", "\r")) or _is_number(cell)


def test_pandas_reads_the_parquet_file(search: Search, alice: User, tmp_path: Path) -> None:
    file = tmp_path / "trials.parquet"
    file.write_bytes(export(search, alice, "parquet"))
    table = pd.read_parquet(file)
    wanted = raw(search)
    for key in COLUMNS:
        values = [_plain(value) for value in table[key].tolist()]
        exact = [row[key] for row in wanted]
        if key == "hp:mixed":
            exact = [str(value).lower() for value in exact]
        assert values == exact, key
    schema = pq.read_schema(file)
    types = {name: str(schema.field(name).type) for name in schema.names}
    assert types["hp:units"] == types["number"] == "int64"
    assert types["hp:momentum"] == types["score"] == "double"
    assert (types["hp:augment"], types["hp:mixed"]) == ("bool", "string")
    about = json.loads(schema.metadata[b"tuneroom"])
    assert (about["search"], about["query"]) == (search.number, f"{QUERY}")


def _plain(value: Any) -> Any:
    """pandas has NaN for None, and arrays for lists."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return None if isinstance(value, float) and value != value else value


@pytest.mark.parametrize("name", TABLES)
def test_filters_order_and_columns_are_those_of_the_table(
    search: Search, alice: User, name: str, tmp_path: Path
) -> None:
    query = "hp:optimizer__in=adam&score__top=25&sort=-metric:val_loss&column=metric:val_loss"
    adam = [row for row in raw(search) if row["hp:optimizer"] == "adam" and row["score"]]
    best = sorted(adam, key=lambda row: -row["score"])[:25]
    wanted = [row["number"] for row in sorted(best, key=lambda row: -row["metric:val_loss"])]
    data = export(search, alice, name, query)
    if name == "csv":
        table = pd.read_csv(io.BytesIO(data))
    elif name == "parquet":
        table = pd.read_parquet(io.BytesIO(data))
    elif name == "json":
        table = pd.DataFrame(json.loads(data)["rows"])
    else:
        lines = [line.split(" & ") for line in data.decode().splitlines() if " & " in line]
        assert lines[0] == ["Trial", r"val\_loss \\"]
        table = pd.DataFrame([[int(line[0]), 0] for line in lines[1:]])
        table.columns = ["number", "metric:val_loss"]
    assert list(table) == ["number", "metric:val_loss"]
    assert table["number"].tolist() == wanted


@pytest.mark.parametrize("name", TABLES)
def test_a_selection_of_no_trials_is_a_file_too(search: Search, alice: User, name: str) -> None:
    data = export(search, alice, name, "score__gt=2&column=score&column=tags&column=hp:mixed")
    if name == "csv":
        assert data == b"number,score,tags,hp:mixed\r\n"
    elif name == "json":
        assert json.loads(data)["rows"] == []
    elif name == "parquet":
        assert pd.read_parquet(io.BytesIO(data)).empty
    else:
        assert data.decode().endswith("\\midrule\n\\bottomrule\n\\end{tabular}\n")


@pytest.mark.slow
def test_the_first_piece_comes_before_the_last_row_is_read(many: Any, alice: User) -> None:
    search = many(5000)
    for name in ("csv", "json", "latex"):
        pieces = FORMATS[name].pieces(Rows(Selection.read(search, QUERY, alice)))
        with CaptureQueriesContext(connection) as begun:
            first = [next(pieces), next(pieces)]
        with CaptureQueriesContext(connection) as rest:
            others = list(pieces)
        assert len(begun) <= 4
        assert len(rest) >= 9
        assert len(b"".join(first)) * 5 < len(b"".join(others))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_trials(
    many: Any, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP", 1)
    # Three batches, and fifteen. Smaller ones need fewer trials for the same strictness: 200 bytes
    # that stay in memory for each trial are too many.
    for module in (rows, optuna_storage):
        monkeypatch.setattr(module, "BATCH", 100)
    selection = Selection.read(many(1500), QUERY, alice)
    few = Selection.read(selection.search, f"{QUERY}&number__lte=300", alice)
    for name, format in FORMATS.items():
        # The first time also imports and fills caches, which is not what is measured.
        _peak(format.pieces(Rows(few)))
        bound = 1.2 * _peak(format.pieces(Rows(few))) + 2**17
        assert _peak(format.pieces(Rows(selection))) < bound, name


def _peak(pieces: Iterator[bytes]) -> int:
    tracemalloc.start()
    try:
        for _ in pieces:
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_trials_that_are_deleted_meanwhile_are_left_out(search: Search, alice: User) -> None:
    pieces = FORMATS["csv"].pieces(Rows(Selection.read(search, "column=number", alice)))
    first = [next(pieces), next(pieces)]
    search.trials.filter(number__gt=150).delete()
    numbers = b"".join([*first, *pieces]).decode().split()[1:]
    assert numbers == [str(number) for number in range(1, 151)]


# --- Texts ------------------------------------------------------------------------------------


@pytest.mark.slow
@given(st.text())
def test_any_text_comes_back_from_csv_with_at_most_an_apostrophe_before_it(text: str) -> None:
    line = io.StringIO()
    try:
        csv.writer(line).writerow([guarded(text), "end"])
    except csv.Error:  # A NUL, which no database of ours holds.
        assert "\0" in text
        return
    [[cell, end]] = csv.reader(io.StringIO(line.getvalue(), newline=""))
    assert end == "end"
    assert cell in (text, "'" + text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


COMMANDS = {
    "textbackslash": "\\", "textasciicircum": "^", "textasciitilde": "~", "textless": "<",
    "textgreater": ">", "textbar": "|", "textasciigrave": "`", "textquotedblright": '"',
}  # fmt: skip


def printed(source: str) -> str:
    """What TeX prints of it: a reader that knows its special characters and stops at each that
    would do something."""
    text, rest = "", source
    while rest:
        character, rest = rest[0], rest[1:]
        if character == "\\" and rest[0] in "{}$&#%_":
            text, rest = text + rest[0], rest[1:]
        elif character == "\\":
            name, _, rest = rest.partition("{}")
            text += COMMANDS[name]
        elif character == "{" and rest.startswith("}"):
            rest = rest[1:]
        else:
            assert character not in "\\{}$&#%_^~", source
            text += character
    return text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_latex_prints_any_text_as_it_is(text: str) -> None:
    assert printed(escaped(text)) == " ".join(text.split())
    assert "--" not in escaped(text)
    assert "''" not in escaped(text)


@given(st.text())
def test_latex_source_is_one_line_of_ascii(text: str) -> None:
    source = escaped(text)
    assert source.isascii()
    assert source.isprintable()


def test_letters_with_accents_and_greek_ones_keep_their_looks() -> None:
    assert escaped("Müller β₁ 中") == '\\"{u}'.join(["M", "ller $\\beta$U+2081 U+4E2D"])


def test_latex_rounds_as_the_page_does(make_search: Any, alice: User) -> None:
    search = make_search()
    search.trials.all().delete()
    values = {"units": 64, "learning_rate": 0.000012345, "optimizer": "a_b", "momentum": -0.5}
    Trial.objects.create(
        search=search, number=1, values=values, status=Status.COMPLETED, score=0.983333333,
        metrics={"val_loss": 0.1}, parameters=12345,
    )  # fmt: skip
    TrialIndex.objects.fill(search)
    search.refresh_from_db()
    keys = ("score", *(f"hp:{name}" for name in values), "metric:val_loss", "parameters", "memory")
    source = export(search, alice, "latex", "&".join(f"column={key}" for key in keys)).decode()
    assert source.splitlines()[-3] == (
        r"1 & 0.9833 & 64 & $1.234 \times 10^{-5}$ & a\_b & $-0.5$ & 0.1000 & 12,345 &  \\"
    )


@pytest.mark.services
@pytest.mark.parametrize("count", [3, 100])
def test_real_latex_sets_the_table(many: Any, alice: User, count: int, tmp_path: Path) -> None:
    latex = program("pdflatex")
    search = many(count)
    nasty = "".join(map(chr, range(32, 0x180))) + "[*] -- ?` ,, “’ λ 中"
    Trial.objects.filter(number=1).update(values={"optimizer": nasty})
    source = export(search, alice, "latex").decode()
    assert ("longtable" in source) == (count > 40)
    document = (
        "\\documentclass{article}\\usepackage{booktabs,longtable}\\begin{document}\n"
        f"{source}\\end{{document}}\n"
    )
    (tmp_path / "table.tex").write_text(document)
    done = subprocess.run(
        [latex, "-interaction=nonstopmode", "-halt-on-error", "table.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Missing character" not in (tmp_path / "table.log").read_text(errors="replace")


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
