"""Parquet: every column with its type, the selection's address in the file's metadata."""

import io
import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tuning.analysis.trials.columns import HYPERPARAMETERS, Column
from tuning.analysis.trials.scope import Scope

from .rows import Rows

if TYPE_CHECKING:
    import pyarrow as pa

# Batches in a row group: what is in memory at a time, and what readers can skip.
GROUP = 20
LARGEST = 2**63


class _Pieces(io.RawIOBase):
    """A file that is read away while it is written."""

    def __init__(self) -> None:
        super().__init__()
        self._written = bytearray()
        self._taken = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def tell(self) -> int:
        return self._taken + len(self._written)

    def take(self) -> bytes:
        piece = bytes(self._written)
        self._taken += len(piece)
        self._written.clear()
        return piece


def parquet_pieces(rows: Rows) -> Iterator[bytes]:
    # Not at the top: it takes a tenth of a second and 40 MB that a site without exports saves.
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(rows)
    pieces = _Pieces()
    with pq.ParquetWriter(pieces, schema, compression="zstd") as writer:
        batches = rows.batches()
        while group := list(itertools.islice(batches, GROUP)):
            columns = list(zip(*itertools.chain.from_iterable(group), strict=True))
            if columns:
                arrays = map(_array, columns, schema.types)
                writer.write_table(pa.Table.from_arrays(list(arrays), schema=schema))
            yield pieces.take()
    yield pieces.take()


def _schema(rows: Rows) -> "pa.Schema":
    import pyarrow as pa

    selection = rows.selection
    about = {
        "project": selection.search.project.name,
        **_searches(selection.scope),
        "selection": selection.sentence,
        "query": selection.query(page=1),
    }
    fields = [
        pa.field(name, of, metadata={"label": column.label})
        for name, column, of in zip(rows.names, rows.columns, _types(rows), strict=True)
    ]
    return pa.schema(fields, metadata={"tuneroom": json.dumps(about)})


def _searches(scope: Scope) -> dict[str, Any]:
    if scope.is_project:
        return {"searches": [search.number for search in scope.searches]}
    return {"search": scope.search.number}


def _types(rows: Rows) -> "list[pa.DataType]":
    """Of hyperparameters only their values tell: two of one name may be of different types."""
    import pyarrow as pa

    given = [column for column in rows.columns if column.group == HYPERPARAMETERS]
    seen: list[set[type]] = [set() for _ in given]
    for batch in rows.batches(given) if given else ():
        for row in batch:
            for types, value in zip(seen, row, strict=True):
                if value is not None:
                    types.add(_type(value))
    known = {column.key: types for column, types in zip(given, seen, strict=True)}
    arrow = {int: pa.int64(), float: pa.float64(), bool: pa.bool_(), str: pa.string()}
    return [
        pa.list_(pa.string()) if column.kind == "tags" else arrow[_common(column, known)]
        for column in rows.columns
    ]


def _type(value: Any) -> type:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= LARGEST:
        return str
    return type(value)


def _common(column: Column, seen: dict[str, set[type]]) -> type:
    types = seen.get(column.key) or {_declared(column)}
    if len(types) == 1:
        return next(iter(types))
    return float if types == {int, float} else str


def _declared(column: Column) -> type:
    if column.kind in ("text", "status"):
        return str
    return int if column.is_whole else float


def _array(values: tuple[Any, ...], of: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    if of == pa.string():
        values = tuple(None if value is None else _text(value) for value in values)
    if of == pa.float64():
        # As it is, an int beyond 2**53 would be refused.
        values = tuple(None if value is None else float(value) for value in values)
    return pa.array(values, of)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
