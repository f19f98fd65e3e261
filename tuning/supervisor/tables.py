"""What a runner says of an uploaded table, checked: it has read a stranger's file, and pages count
on its words."""

import re
from dataclasses import asdict
from typing import Any, TypeGuard

from tuning.protocol.events import MAX_NAME, BadEvent, SchemaDetected
from tuning.protocol.names import is_one_line
from tuning.protocol.tasks import TASKS
from tuning.protocol.uploads import (
    ALL_MEMBERS,
    AUXILIARY,
    DECIMALS,
    DELIMITERS,
    ENCODINGS,
    FOLDERS,
    HEADERS,
    IMAGES,
    MAX_AUXILIARY,
    MAX_COLUMNS,
    MAX_MARKER,
    MAX_MARKERS,
    MAX_MEMBERS,
    PARQUET,
    PIXELS,
    SEPARATORS,
    TABLES,
    TEXT_TABLE,
    ColumnType,
)
from tuning.protocol.written_dates import DATE_ORDERS

# Whatever a column may be, but for what only a person says.
_TYPES = frozenset(ColumnType) - {ColumnType.TARGET} - AUXILIARY


def schema_of(event: SchemaDetected, upload: dict[str, Any]) -> dict[str, Any]:
    """What the row keeps. Raises BadEvent."""
    names = [column.name for column in event.columns]
    if upload.get("kind") not in (*TABLES, IMAGES):
        raise BadEvent("a schema of something that is not a table")
    if not 2 <= len(names) <= MAX_COLUMNS or len(set(names)) < len(names):
        raise BadEvent("a schema with invalid columns")
    if not _are_names(names):
        raise BadEvent("a schema with invalid names")
    if not is_one_line(event.pixel_columns) or len(event.pixel_columns) > 3 * MAX_NAME:
        raise BadEvent("a schema with invalid pixels")
    if event.pixels and not re.fullmatch(PIXELS, event.pixels):
        raise BadEvent("a schema with invalid pixels")
    if event.target not in names or event.file_names not in ("", *names):
        raise BadEvent("a schema with invalid names")
    if any(column.type not in _TYPES for column in event.columns):
        raise BadEvent("a schema with an unknown type")
    if any(len(c.reading) > MAX_NAME or not is_one_line(c.reading) for c in event.columns):
        raise BadEvent("a schema with invalid readings")
    if len(event.markers) > MAX_MARKERS or any(
        len(word) > MAX_MARKER or not is_one_line(word) for word in event.markers
    ):
        raise BadEvent("a schema with invalid markers")
    if event.separator and event.separator not in SEPARATORS:
        raise BadEvent("a schema with an unknown separator")
    if event.task not in TASKS:
        raise BadEvent("a schema with an unknown task")
    dialect = (event.encoding, event.delimiter, event.decimal, event.header)
    known = zip(dialect, (ENCODINGS, DELIMITERS, DECIMALS, HEADERS), strict=True)
    if not all(word in words for word, words in known if word):
        raise BadEvent("a schema with an unknown encoding or separator")
    if upload["kind"] == TEXT_TABLE and not all(dialect[:3]):
        raise BadEvent("a schema without an encoding or separator")
    if upload["kind"] == PARQUET and any(dialect):
        raise BadEvent("a text schema of a Parquet file")
    for chosen, names in ((event.sheet, event.sheets), (event.member, event.members)):
        if not _are_names(names) or len(names) > MAX_MEMBERS:
            raise BadEvent("a schema with invalid sheets or files")
        if chosen not in ("", ALL_MEMBERS, FOLDERS, *names) and len(names) < MAX_MEMBERS:
            raise BadEvent("a schema of an unknown sheet or file")
    return asdict(event)


def _are_names(names: list[str]) -> bool:
    return all(name and len(name) <= MAX_NAME and is_one_line(name) for name in names)


def check_columns(profile: dict[str, Any]) -> None:
    """The columns of a prepared table, if it tells of them. Raises BadEvent."""
    columns = profile.get("columns", [])
    if not isinstance(columns, list) or not all(map(_is_column, columns)):
        raise BadEvent("a profile with invalid columns")
    if columns and not _is_count(profile.get("column_count")):
        raise BadEvent("a profile without a number of columns")
    auxiliary = profile.get("auxiliary", [])
    if not isinstance(auxiliary, list) or not all(map(_is_auxiliary, auxiliary)):
        raise BadEvent("a profile with invalid groups, times or weights")
    if len(auxiliary) > MAX_AUXILIARY or len({one["name"] for one in auxiliary}) < len(auxiliary):
        raise BadEvent("a profile with invalid groups, times or weights")


def _is_column(column: Any) -> bool:
    if not isinstance(column, dict) or not isinstance(column.get("name"), str):
        return False
    if not is_one_line(column["name"]):
        return False
    if not _is_count(column.get("missing")):
        return False
    if column.get("type") == ColumnType.NUMBER:
        if column.get("decimal", ".") not in DECIMALS:
            return False
        date = column.get("date", "")
        if not isinstance(date, str) or not is_one_line(date):
            return False
        if column.get("order", "ymd") not in DATE_ORDERS:
            return False
        if not isinstance(column.get("percent", False), bool):
            return False
        histogram = column.get("histogram")
        if not isinstance(histogram, dict):
            return False
        edges, counts = histogram.get("edges"), histogram.get("counts")
        return _are(edges, (int, float)) and _are_counts(counts, len(edges) - 1)
    if column.get("type") == ColumnType.TEXT:
        return _is_text(column)
    values, counts = column.get("values"), column.get("counts")
    known = column.get("type") == ColumnType.CATEGORY and _is_count(column.get("different"))
    return known and _are(values, str) and _are_counts(counts, len(values))


def _is_auxiliary(column: Any) -> bool:
    if not isinstance(column, dict) or column.get("type") not in AUXILIARY:
        return False
    name = column.get("name")
    if not isinstance(name, str) or not _are_names([name]):
        return False
    numbers = [column[key] for key in ("low", "high") if key in column]
    return (
        all(_is_count(column.get(key)) for key in ("different", "missing"))
        and all(_is_count(column[key]) for key in ("largest",) if key in column)
        and all(isinstance(number, int | float) for number in numbers)
    )


def _is_text(column: dict[str, Any]) -> bool:
    words, counts, lengths = column.get("words"), column.get("counts"), column.get("lengths")
    if not (_are(words, str) and _are(column.get("head"), str) and isinstance(lengths, dict)):
        return False
    if not (_are(counts, int) and len(counts) == len(words) and all(map(_is_count, counts))):
        return False
    return all(_is_histogram(lengths.get(unit)) for unit in ("words", "characters"))


def _is_histogram(value: Any) -> bool:
    if not isinstance(value, dict) or not all(
        _is_count(value.get(n)) for n in ("median", "longest")
    ):
        return False
    edges = value.get("edges")
    return _are(edges, int) and _are_counts(value.get("counts"), len(edges) - 1)


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _are(values: Any, kinds: Any) -> TypeGuard[list[Any]]:
    return isinstance(values, list) and all(isinstance(value, kinds) for value in values)


def _are_counts(values: Any, length: int) -> bool:
    return _are(values, int) and len(values) == length > 0 and all(map(_is_count, values))
