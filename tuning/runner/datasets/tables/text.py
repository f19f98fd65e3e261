"""Tables as text: one row after the other, cells divided by a delimiter."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from tuning.protocol.uploads import DECIMALS, DELIMITERS, ENCODINGS, MAX_COLUMNS
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .cells import CellReader
from .encodings import codec_of, guess_encoding
from .source import CELLS_AT_ONCE, Dialect, Piece, check_columns, checked_names, renamed

MAX_LINE_LENGTH = 1 << 20
MAX_CELL_LENGTH = 1 << 16
_SAMPLE_ROWS = 200
_MAX_NAMED = 3
# What no text holds: control characters other than tab, line feed, form feed and return.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f]")


class TextTable:
    """A table as text, of at least so many columns. What `dialect` leaves empty is guessed. Raises
    BadData."""

    def __init__(
        self, path: Path, dialect: Dialect, report: Report, tabs: bool = False, least: int = 2
    ) -> None:
        self._path = path
        self._report = report
        self._size = path.stat().st_size
        self.unread: dict[str, str] = {}
        # Spaces follow delimiters somewhere.
        self.padded = False
        self.dialect = Dialect(dialect.encoding or guess_encoding(path))
        self.dialect.delimiter = dialect.delimiter or self._guess_delimiter(tabs)
        if self.dialect.delimiter not in DELIMITERS:
            raise BadData("The delimiter must be a comma, a semicolon, a tab or a vertical bar.")
        head = next(self._rows(), None)
        if head is None:
            raise BadData("The file is empty.")
        self._check_head(head)
        self.names = checked_names(head, least)
        self.renamed = renamed(head, self.names)
        self.padded = False
        self.dialect.decimal = dialect.decimal
        if dialect.decimal not in {"", *DECIMALS}:
            raise BadData("The decimal separator must be a point or a comma.")

    def pieces(self) -> Iterator[Piece]:
        rows = self._rows()
        width = len(next(rows))
        at_once = max(1, CELLS_AT_ONCE // width)
        kept: list[list[str]] = []
        first, number, ragged = 1, 0, _Ragged(width)
        for number, row in enumerate(rows, 1):
            if len(row) != width:
                ragged.add(self._line, len(row))
                continue
            kept.append(row)
            if len(kept) >= at_once and not ragged.count:
                yield Piece(first, list(zip(*kept, strict=True)))
                first, kept = number + 1, []
            elif ragged.count:
                kept.clear()
        ragged.check()
        if not number:
            raise BadData("The file has a header but no rows.")
        if kept:
            yield Piece(first, list(zip(*kept, strict=True)))

    def _rows(self) -> Iterator[list[str]]:
        """The rows that are not empty, the head first."""
        reader = csv.reader(
            self._lines(), delimiter=self.dialect.delimiter, skipinitialspace=True, strict=True
        )
        csv.field_size_limit(MAX_CELL_LENGTH)
        line = 0
        try:
            for row in reader:
                self._line, line = line + 1, reader.line_num
                if row:
                    yield row
        except csv.Error as error:
            raise BadData(_said(str(error), line + 1)) from None

    def _lines(self) -> Iterator[str]:
        codec = codec_of(self.dialect.encoding)
        name = ENCODINGS[self.dialect.encoding]
        number, padding = 0, f"{self.dialect.delimiter} "
        try:
            with (
                self._path.open("rb") as raw,
                io.TextIOWrapper(raw, encoding=codec, newline="") as file,
            ):
                while line := file.readline(MAX_LINE_LENGTH + 1):
                    number += 1
                    if len(line) > MAX_LINE_LENGTH:
                        raise BadData(_too_long(line, number))
                    if wrong := _NO_TEXT.search(line):
                        what = "NUL bytes" if wrong[0] == "\0" else f"the character {wrong[0]!r}"
                        raise BadData(
                            f"The file is not a text table: line {number:,} contains {what}."
                        )
                    if not number % 1000:
                        done = raw.tell() / self._size
                        self._report(f"Reading line {number:,} ({done:.0%})", done)
                    self.padded = self.padded or padding in line or line[0] == " "
                    yield line
        except UnicodeError:
            raise BadData(
                f"The file is not {name}: line {number + 1:,} or a following line contains "
                "invalid characters."
            ) from None

    def _guess_delimiter(self, tabs: bool) -> str:
        """The one that divides most of the first rows into as many cells as the head, two at
        least. `tabs`: the file's name promises them."""
        best, delimiter = (False, 0.0, 0), "\t" if tabs else ","
        for candidate in DELIMITERS:
            self.dialect.delimiter = candidate
            widths = self._first_widths()
            if not widths:
                continue
            alike = sum(width == widths[0] for width in widths) / len(widths)
            score = (widths[0] > 1, alike + (tabs and candidate == "\t"), widths[0])
            if score > best:
                best, delimiter = score, candidate
        return delimiter

    def _first_widths(self) -> list[int]:
        widths: list[int] = []
        try:
            for row in self._rows():
                widths.append(len(row))
                if len(widths) > _SAMPLE_ROWS:
                    break
        except BadData:
            # Quotes in the wrong places: told when all of it is read, if this delimiter wins.
            pass
        return widths

    def _check_head(self, head: list[str]) -> None:
        check_columns(len(head))
        read = CellReader()
        values = [value for name in head if isinstance(value := read(name), float)]
        if len(values) < len(head):
            return
        # Without names of its own, pandas numbers columns.
        if len(set(values)) == len(values) and all(value.is_integer() for value in values):
            return
        shown = ", ".join(head[:4])
        raise BadData(
            f"The first row must contain column names, but contains numbers: {shown[:100]}."
        )


class _Ragged:
    """Lines with more or fewer cells than the header."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._named: list[tuple[int, int]] = []
        self.count = 0

    def add(self, line: int, cells: int) -> None:
        self.count += 1
        if len(self._named) < _MAX_NAMED:
            self._named.append((line, cells))

    def check(self) -> None:
        if not self.count:
            return
        first, cells = self._named[0]
        sentence = f"Line {first:,}: expected {self._width:,} columns, found {cells:,}."
        if others := [f"line {line:,} ({found:,})" for line, found in self._named[1:]]:
            sentence += f" Also wrong: {', '.join(others)}"
            more = self.count - len(self._named)
            sentence += f" and {more:,} more." if more else "."
        raise BadData(sentence)


def _said(error: str, line: int) -> str:
    """What the csv module found in the row that begins in this line."""
    if "unexpected end of data" in error:
        return f'Line {line:,}: a quote (") is not closed.'
    if "field larger" in error:
        return (
            f"Line {line:,}: a cell has more than {MAX_CELL_LENGTH:,} characters. Check for an "
            'unclosed quote (").'
        )
    if "expected after" in error:
        return (
            f"Line {line:,}: a cell continues after its closing quote. Escape quotes by doubling "
            'them ("").'
        )
    return f"Line {line:,} cannot be read: {error}."


def _too_long(line: str, number: int) -> str:
    columns = max(line.count(delimiter) for delimiter in DELIMITERS) + 1
    if number == 1 and columns > MAX_COLUMNS:
        return f"The table has more than {MAX_COLUMNS:,} columns, the limit."
    return f"Line {number:,} has more than {MAX_LINE_LENGTH:,} characters."
