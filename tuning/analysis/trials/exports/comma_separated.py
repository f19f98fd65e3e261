"""CSV (RFC 4180) in UTF-8. Without a byte order mark, which only some programs take for one."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from tuning.analysis.exports import guarded

from .rows import Rows


def csv_pieces(rows: Rows) -> Iterator[bytes]:
    yield _lines([[guarded(name) for name in rows.names]])
    for batch in rows.batches():
        yield _lines([[_cell(value) for value in row] for row in batch])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return guarded("; ".join(value) if isinstance(value, list) else value)


def _lines(rows: list[list[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
