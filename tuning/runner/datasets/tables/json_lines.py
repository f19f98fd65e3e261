"""Tables as JSON lines: one object for each row."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuning.protocol.uploads import JSON_LINES
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .source import Cell, Dialect, Piece, check_columns, checked_names, renamed
from .text import MAX_LINE_LENGTH
from .typed_rows import pieces_of

_UNREADABLE = "contains lists or objects"


class JsonLinesTable:
    """A file of JSON objects, whose keys are the columns. A key that a row lacks is a missing value
    there. Raises BadData."""

    kind = JSON_LINES

    def __init__(self, path: Path, report: Report, least: int = 2) -> None:
        self._path = path
        self._report = report
        self.dialect = Dialect()
        self.sheets: list[str] = []
        self.padded = self.has_blank_rows = False
        nested = self._keys()
        names = checked_names(list(nested), least)
        self.renamed = renamed(list(nested), names, unnamed="")
        self._keys_read = [key for key, is_nested in nested.items() if not is_nested]
        kept = dict(zip(nested, names, strict=True))
        self.names = [kept[key] for key in self._keys_read]
        self.unread = {kept[key]: _UNREADABLE for key, is_nested in nested.items() if is_nested}

    def pieces(self) -> Iterator[Piece]:
        rows = ([_cell(row.get(key)) for key in self._keys_read] for row in self._objects())
        yield from pieces_of(rows, max(1, len(self._keys_read)), self._report)

    def _keys(self) -> dict[str, bool]:
        """The keys in the order in which they come, and whether one has lists or objects."""
        nested: dict[str, bool] = {}
        for row in self._objects():
            for key, value in row.items():
                nested[key] = nested.get(key, False) or isinstance(value, list | dict)
            check_columns(len(nested))
        if not nested:
            raise BadData("The file is empty.")
        return nested

    def _objects(self) -> Iterator[dict[str, Any]]:
        number = 0
        try:
            with self._path.open(encoding="utf-8-sig", newline="\n") as file:
                while line := file.readline(MAX_LINE_LENGTH + 1):
                    number += 1
                    if len(line) > MAX_LINE_LENGTH:
                        raise BadData(
                            f"Line {number:,} has more than {MAX_LINE_LENGTH:,} characters."
                        )
                    if line.strip():
                        yield _object(line, number)
        except UnicodeError:
            raise BadData(
                f"The file is not UTF-8: line {number + 1:,} or a following one."
            ) from None


def _object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadData(f"Line {number:,} is not valid JSON: {str(error)[:100]}.") from None
    if not isinstance(value, dict):
        raise BadData(f"Line {number:,} is not a JSON object. Each line must be one row.")
    return value


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, str | int | float) else None
