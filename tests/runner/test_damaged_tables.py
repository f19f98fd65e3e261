"""Tables that chance has damaged: each is read, or refused with a sentence, soon and in little
memory."""

import io
import os
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services import PATIENCE
from tuning.protocol.events import SchemaDetected, decode_event, encode_event
from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload
from tuning.runner.failures import BadData

MAX_BYTES = 8 << 20
FUZZ = settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = 30
TEXT = "age,town,note,wage,label\n" + "".join(
    f'{n if n % 7 else ""},{("Köln", "Ulm")[n % 2]},"a, ""{n % 3}""\nb",{n * 1.25},{"yno"[n % 3]}\n'
    for n in range(ROWS)
)
TEXTS = [TEXT.encode(code) for code in ("utf-8", "cp1252", "utf-16", "utf-8-sig")]


def _parquet(**options: object) -> bytes:
    buffer = io.BytesIO()
    table = pa.table({
        "age": [None if n % 7 else n for n in range(ROWS)],
        "wage": [n * 1.25 for n in range(ROWS)],
        "town": [("Köln", "Ulm")[n % 2] for n in range(ROWS)],
        "many": [[n] for n in range(ROWS)],
        "when": pa.array(range(ROWS), pa.timestamp("s")),
        "label": ["yno"[n % 3] for n in range(ROWS)],
    })  # fmt: skip
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


PARQUETS = [_parquet(), _parquet(compression="NONE", use_dictionary=False, row_group_size=11)]


@st.composite
def damaged(draw: Callable[..., int], good: list[bytes]) -> bytes:
    """A good file with bytes changed, cut out, put in twice or cut off."""
    content = bytearray(good[draw(st.integers(0, len(good) - 1))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content) - 1))
        match draw(st.integers(0, 4)):
            case 0:
                content[at] = draw(st.integers(0, 255))
            case 1:
                content[at] = draw(st.sampled_from(b',;\t|"\n\r\0.- '))
            case 2:
                del content[at : at + draw(st.integers(1, 40))]
            case 3:
                content[at:at] = content[at : at + draw(st.integers(1, 200))]
            case 4:
                # A Parquet file's directory stands at its end.
                content[-draw(st.integers(1, min(900, len(content))))] = draw(st.integers(0, 255))
        if not content:
            break
    return bytes(content)


CELLS = st.one_of(
    st.sampled_from(
        ["", "NA", "1", "-2.5", "1,5", "1.234,5", "yes", "no", '"', '""', "\n", "1e999"]
    ),
    st.text(max_size=6),
)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=12)


def _check(content: bytes, name: str, **choices: str) -> None:
    """Anything but success or a clean refusal fails the test."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            Path("upload").write_bytes(content)
            upload = Upload(kind_of(name), "upload", name, MAX_BYTES, **choices)
            events: list[object] = []
            began = time.monotonic()
            tracemalloc.start()
            try:
                with suppress(BadData):
                    profile = prepare_upload("own-1", upload, Path("prepared"), events.append)
                    assert (profile is not None) == bool(upload.target)
                    assert not profile or profile["rows"] >= 2
                for event in events:
                    if isinstance(event, SchemaDetected):
                        assert decode_event(encode_event(event))
            finally:
                _, peak = tracemalloc.get_traced_memory()
                tracemalloc.stop()
            assert peak < 4 * MAX_BYTES
            assert time.monotonic() - began < PATIENCE
            assert {path.name for path in Path().iterdir()} <= {"upload", "prepared"}
        finally:
            os.chdir(before)


@pytest.mark.parametrize("content", TEXTS + PARQUETS)
def test_the_good_ones_are_good(content: bytes, tmp_path: Path) -> None:
    name = "t.parquet" if content.startswith(b"PAR1") else "t.csv"
    (tmp_path / name).write_bytes(content)
    upload = Upload(kind_of(name), str(tmp_path / name), name, MAX_BYTES, target="label")
    profile = prepare_upload("own-1", upload, tmp_path / "prepared", lambda _: None)
    assert profile
    assert profile["rows"] == ROWS


@pytest.mark.slow
@given(content=damaged(TEXTS))
@FUZZ
def test_damaged_text(content: bytes) -> None:
    _check(content, "t.csv")
    _check(content, "t.tsv", target="label", drop_rows="yes")


@pytest.mark.slow
@given(lines=LINES, delimiter=st.sampled_from(",;\t|"))
@FUZZ
def test_lines_of_any_cells(lines: list[list[str]], delimiter: str) -> None:
    content = "\n".join(delimiter.join(line) for line in lines).encode("utf-8", "replace")
    _check(content, "t.csv")
    for name in {cell.strip() for cell in lines[0]} - {""}:
        for task in ("", "classification", "regression"):
            _check(content, "t.csv", target=name, task=task, drop_rows="yes")


@pytest.mark.slow
@given(content=damaged(PARQUETS))
@FUZZ
def test_damaged_parquet_files(content: bytes) -> None:
    _check(content, "t.parquet")
    _check(content, "t.parquet", target="label", drop_rows="yes")


@given(content=st.binary(max_size=400))
@FUZZ
def test_anything(content: bytes) -> None:
    _check(content, "t.csv", target="a")
    _check(content, "t.parquet")
    _check(b"PAR1" + content + b"\x08\0\0\0PAR1", "t.parquet")
