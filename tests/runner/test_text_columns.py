"""Tables with text: which columns are text, how they are stored, and what is counted of them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuning.protocol.events import SchemaDetected
from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData
from tuning.runner.inputs.data import load_dataset
from tuning.supervisor.assignments.preparation import facts_of
from tuning.texts import Texts, TextWriter

from .cases import CASES

SPLIT = Split(train=0.7, validation=0.15, test=0.15, seed=3, stratified=True)
LONG = "One of several sentences about nothing in particular, number {}."


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: bytes | str, name: str = "data.csv", **options: Any) -> tuple[Any, Any]:
    """What is found in a file, and the profile if a target is among the options."""
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    found: list[Any] = []
    upload = Upload(kind_of(name), name, name, options.pop("most_bytes", 1 << 26), **options)
    folder = Path(f"prepared-{len(list(Path.cwd().iterdir()))}")
    profile = prepare_upload("own-1", upload, folder, found.append)
    schema = next(event for event in found if isinstance(event, SchemaDetected))
    return schema, (profile, folder)


def table(**columns: list[Any]) -> str:
    file = io.StringIO()
    pd.DataFrame(columns).to_csv(file, index=False, quoting=csv.QUOTE_NONNUMERIC)
    return file.getvalue()


def types_of(schema: SchemaDetected) -> dict[str, str]:
    return {column.name: column.type for column in schema.columns}


@pytest.mark.parametrize(("values", "kind"), [
    ([LONG.format(i) for i in range(40)], "text"),
    ([LONG.format(i) for i in range(4000)], "text"),
    # Five different ones are categories, however long.
    ([LONG.format(i % 5) for i in range(40)], "category"),
    ([f"Mr. Owen Harris {i}" for i in range(40)], "out"),
    ([f"https://example.org/a/very/long/address/of/a/page/{i}" for i in range(40)], "out"),
    # Words without spaces between them.
    ([f"この商品はとても良いです{i}番" for i in range(40)], "text"),
    ([f"{i} 12 13 14 15 16 17" for i in range(40)], "text"),
])  # fmt: skip
def test_a_column_of_many_different_sentences_is_text(values: list[str], kind: str) -> None:
    schema, _ = read(table(value=values, y=["a", "b"] * (len(values) // 2)))
    assert types_of(schema)["value"] == kind
    assert schema.target == "y"


def test_reviews_with_line_breaks_are_prepared_as_pandas_reads_them() -> None:
    content = (CASES / "reviews.csv").read_bytes()
    schema, (profile, folder) = read(content, "reviews.csv", target="sentiment")
    assert types_of(schema) == {"review": "text", "stars": "number", "sentiment": "category"}
    frame = pd.read_csv(CASES / "reviews.csv")
    assert Texts(folder, 0).take(np.load(folder / "x.npy")[:, 0]).tolist() == list(frame["review"])
    facts_of(profile)
    assert profile["kind"] == "text"
    names: dict[str, Any] = {}
    exec(profile["load_snippet"], names)  # noqa: S102
    assert names["x"]["review"].tolist() == list(frame["review"])


def test_a_profile_counts_lengths_and_words() -> None:
    texts = ["Ein Haus. Ein Haus!", "Ein  Garten", "", "  ", "N/A", "Straße und STRASSE " * 50]
    content = table(t=texts * 2, y=["a", "b"] * 6)
    _, (profile, folder) = read(content, target="y", types={"t": "text"})
    [column] = profile["columns"]
    assert column["missing"] == 6
    assert column["words"][:2] == ["strasse", "und"]
    assert dict(zip(column["words"], column["counts"], strict=True))["ein"] == 6
    words, letters = column["lengths"]["words"], column["lengths"]["characters"]
    assert (words["median"], words["longest"], letters["longest"]) == (4, 150, 950)
    assert sum(words["counts"]) == sum(letters["counts"]) == 6
    assert profile["head"][0] == ["Ein Haus. Ein Haus!", "a"]
    assert json.loads((folder / "meta.json").read_text())["columns"] == [column]
    facts_of(profile)


def test_a_person_may_choose_another_type() -> None:
    content = table(t=[LONG.format(i) for i in range(30)], n=list(range(5, 35)), y=["a", "b"] * 15)
    _, (profile, _) = read(content, target="y", types={"t": "out", "n": "number"})
    assert profile["kind"] == "table"
    _, (profile, folder) = read(content, target="y", types={"t": "out", "n": "text"})
    assert profile["kind"] == "text"
    assert Texts(folder, 0).take(np.arange(2)).tolist() == ["5", "6"]


def test_texts_may_not_grow_beyond_the_limit() -> None:
    content = table(t=["word " * 2000 + str(i) for i in range(30)], y=["a", "b"] * 15)
    with pytest.raises(BadData, match="need more space"):
        read(content, target="y", most_bytes=200_000)


anything = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(anything | st.just("x" * 70_000), max_size=4), max_size=4))
def test_whatever_is_written_is_read_again(tmp_path: Path, pieces: list[list[str]]) -> None:
    texts = [text for piece in pieces for text in piece]
    with TextWriter(tmp_path, 0, len(texts), 1 << 30) as writer:
        for piece in pieces:
            writer.add(piece)
    stored = Texts(tmp_path, 0)
    assert stored.take(np.arange(len(texts), dtype=np.float32)).tolist() == texts
    strange = np.array([np.nan, -1, len(texts)])
    assert stored.take(strange).tolist() == ["", "", ""]
    backwards = np.arange(len(texts))[::-1]
    assert stored.take(backwards).tolist() == texts[::-1]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(anything, min_size=4, max_size=12))
def test_texts_of_a_parquet_file_keep_every_character(texts: list[str]) -> None:
    """NUL bytes, line breaks, and scripts of all kinds."""
    texts = [f"{text}|" for text in texts]
    y = ["a", "b"] * len(texts)
    file = io.BytesIO()
    pq.write_table(pa.table({"t": texts * 2, "y": y}), file)
    _, (_, folder) = read(
        file.getvalue(), "data.parquet", target="y", task="classification", types={"t": "text"}
    )
    x = np.load(folder / "x.npy")
    assert Texts(folder, 0).take(x[:, 0]).tolist() == texts * 2


def test_rows_of_one_text_are_strings_and_of_more_a_dict() -> None:
    sentences = [LONG.format(i) for i in range(40)]
    sentences[3] = ""
    alone = table(t=sentences, y=["a", "b"] * 20)
    _, (_, folder) = read(alone, target="y")
    dataset = load_dataset(ProjectOrder("", str(folder), SPLIT))
    x, _ = dataset.rows("train")
    assert (x.dtype, x.shape) == (object, (28,))
    every, _ = dataset.rows("train", "validation", "test")
    assert sorted(every) == sorted(sentences)
    assert (dataset.facts["text_columns"], dataset.facts["number_count"]) == (["t"], 0)
    more = table(**{"a/b": sentences, "numbers": sentences[::-1], "n": list(range(40)),
                    "c": ["u", "v"] * 20, "y": ["a", "b"] * 20})  # fmt: skip
    _, (_, folder) = read(more, target="y", types={"n": "number"})
    x, _ = load_dataset(ProjectOrder("", str(folder), SPLIT)).rows("train")
    assert list(x) == ["a_b", "numbers_2", "numbers"]
    assert (x["numbers"].shape, x["a_b"].shape) == ((28, 3), (28,))
