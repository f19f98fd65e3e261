"""Tables as Parquet files. What the file declares is compared with what is accepted first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tuning.protocol.uploads import PARQUET
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .source import CELLS_AT_ONCE, Cell, Dialect, Piece, check_columns, checked_names, renamed

_MAGIC = b"PAR1"
# A footer of 5,000 columns and many row groups stays far below.
_MAX_FOOTER = 64 << 20
_MAX_ITEMS = 1 << 20


class ParquetTable:
    """A Parquet file. Its columns have types already; those that are no use are not read."""

    kind = PARQUET

    def __init__(self, path: Path, most_bytes: int, report: Report, least: int = 2) -> None:
        self._path = path
        self._report = report
        self.dialect = Dialect()
        self.sheets: list[str] = []
        self.padded = self.has_blank_rows = False
        _check_ends(path)
        file = self._open()
        self._check_sizes(file.metadata, most_bytes)
        schema = file.schema_arrow
        check_columns(len(schema))
        self.names = checked_names(list(schema.names), least)
        self.renamed = renamed(schema.names, self.names, unnamed="")
        self._stored = dict(zip(self.names, schema.names, strict=True))
        fields = zip(self.names, schema, strict=True)
        self.unread = {name: why for name, field in fields if (why := _unreadable(field.type))}
        self.names = [name for name in self.names if name not in self.unread]
        self._texts = [
            field.name
            for field in schema
            if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        ]
        self._rows = file.metadata.num_rows

    def pieces(self) -> Iterator[Piece]:
        # As a dictionary, a text that is repeated a million times is there once.
        file = self._open(read_dictionary=self._texts)
        at_once = max(1, CELLS_AT_ONCE // max(1, len(self.names)))
        row = 1
        try:
            stored = [self._stored[name] for name in self.names]
            batches = file.iter_batches(at_once, columns=stored, use_threads=False)
            for batch in batches:
                if batch.num_rows:
                    columns = {field.name: at for at, field in enumerate(batch.schema)}
                    yield Piece(row, [_cells(batch.column(columns[name])) for name in stored])
                row += batch.num_rows
                self._report(f"Reading row {row - 1:,} of {self._rows:,}", row / self._rows)
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise BadData(_damaged(error)) from error
        if row - 1 != self._rows:
            raise BadData(f"The file declares {self._rows:,} rows, but contains {row - 1:,}.")

    def _open(self, **options: Any) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(
                self._path,
                pre_buffer=False,
                buffer_size=1 << 20,
                thrift_string_size_limit=_MAX_FOOTER,
                thrift_container_size_limit=_MAX_ITEMS,
                schema_depth_limit=100,
                # Types of pandas's and others' own are what they are stored as.
                arrow_extensions_enabled=False,
                **options,
            )
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise BadData(_damaged(error)) from error

    def _check_sizes(self, metadata: Any, most_bytes: int) -> None:
        """What the file says of itself, before any of its contents are unpacked."""
        check_columns(metadata.num_columns)
        if not metadata.num_rows:
            raise BadData("The file has no rows.")
        prepared = metadata.num_rows * metadata.num_columns * 4
        groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
        unpacked = sum(group.total_byte_size for group in groups)
        if min([0, *(group.total_byte_size for group in groups)]) < 0:
            raise BadData("The file is damaged: it declares impossible sizes.")
        if max(prepared, unpacked) > most_bytes:
            raise BadData(
                f"The file declares {metadata.num_rows:,} rows of {metadata.num_columns:,} "
                f"columns and {unpacked / 2**20:,.0f} MB, more than the limit of "
                f"{most_bytes / 2**20:,.0f} MB after unpacking."
            )


def _check_ends(path: Path) -> None:
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(max(0, size - 8))
        end = file.read(8)
    if start != _MAGIC or end[4:] != _MAGIC:
        raise BadData("The file is not a complete Parquet file.")
    footer = int.from_bytes(end[:4], "little")
    if footer > min(size - 12, _MAX_FOOTER):
        raise BadData("The Parquet file is damaged: its footer has an impossible size.")


def _unreadable(kind: pa.DataType) -> str:
    """Why a column of this type is left out; empty if it is read."""
    types = pa.types
    if types.is_dictionary(kind):
        return _unreadable(kind.value_type)
    if types.is_date(kind) or types.is_timestamp(kind):
        return ""
    if types.is_temporal(kind):
        return "contains dates or times"
    if types.is_nested(kind):
        return f"contains lists or objects ({str(kind)[:60]})"
    if types.is_null(kind):
        return "is empty"
    readable = (
        types.is_integer, types.is_floating, types.is_boolean, types.is_decimal, types.is_string,
        types.is_large_string,
    )  # fmt: skip
    if any(check(kind) for check in readable):
        return ""
    return f"has type {str(kind)[:60]}"


def _cells(column: pa.Array) -> list[Cell]:
    """Numbers, texts and None."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        values = _cells(column.dictionary)
        return [None if at is None else values[at] for at in column.indices.to_pylist()]
    if pa.types.is_boolean(kind):
        return [None if value is None else str(value) for value in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        # As UTC, if it has a time zone.
        column = pc.cast(pc.cast(column, pa.timestamp(kind.unit)), pa.string())
    elif pa.types.is_date(kind):
        column = pc.cast(pc.cast(column, pa.date32()), pa.string())
    if pa.types.is_decimal(kind):
        column = pc.cast(column, pa.float64())
    cells: list[Cell] = column.to_pylist()
    if pa.types.is_floating(column.type):
        # NaN is unlike itself: there would be as many unique values as gaps.
        return [None if cell != cell else cell for cell in cells]
    return cells


def _damaged(error: Exception) -> str:
    text = " ".join(str(error).split())[:200].rstrip(".")
    return f"The Parquet file is damaged or unsupported: {text}."
