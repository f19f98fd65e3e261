"""Tables as text: one row after the other, cells divided by a delimiter."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from tuning.protocol.uploads import DECIMALS, DELIMITERS, ENCODINGS, MAX_COLUMNS, TEXT_TABLE
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .encodings import codec_of, guess_encoding
from .headers import SAMPLE_ROWS, check_title, header_of
from .source import CELLS_AT_ONCE, Dialect, Piece, check_columns, names_of, renamed

MAX_LINE_LENGTH = 1 << 20
MAX_CELL_LENGTH = 1 << 16
# Delimiters that are tried first, and those that occur in texts and times as well.
_USUAL, _UNUSUAL = (",", ";", "\t", "|"), (" ", ":")
_MOSTLY = 0.9
_MAX_NAMED = 3
# What no text holds: control characters other than tab, line feed, form feed and return.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f]")


class TextTable:
    """A table as text, of at least so many columns. What `dialect` leaves empty is guessed. Raises
    BadData."""

    kind = TEXT_TABLE

    def __init__(
        self, path: Path, dialect: Dialect, report: Report, tabs: bool = False, least: int = 2
    ) -> None:
        self._path = path
        self.sheets: list[str] = []
        self.has_blank_rows = False
        self._report = report
        self._size = path.stat().st_size
        self.unread: dict[str, str] = {}
        # Spaces follow delimiters somewhere.
        self.padded = False
        self.dialect = Dialect(dialect.encoding or guess_encoding(path))
        self.dialect.delimiter = dialect.delimiter or self._guess_delimiter(tabs)
        if self.dialect.delimiter not in DELIMITERS:
            shown = ", ".join(f"a {word}" for word in DELIMITERS.values())
            raise BadData(f"The delimiter must be one of {shown}.")
        first = list(islice(self._rows(), SAMPLE_ROWS))
        if not first:
            raise BadData("The file is empty.")
        check_columns(len(first[0]))
        if not dialect.header:
            self._check_title(first)
        self.dialect.header = dialect.header or header_of(first)
        self.names = names_of(first[0], self.dialect.header, least)
        self.renamed = {} if self._has_no_header else renamed(first[0], self.names)
        self.padded = False
        self.dialect.decimal = dialect.decimal
        if dialect.decimal not in {"", *DECIMALS}:
            raise BadData("The decimal separator must be a point or a comma.")

    @property
    def _has_no_header(self) -> bool:
        return self.dialect.header == "no"

    def pieces(self) -> Iterator[Piece]:
        rows = self._rows()
        width = len(self.names)
        if not self._has_no_header:
            next(rows)
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
                    if self.dialect.delimiter == " ":
                        # Runs of blanks divide, whatever they consist of.
                        line = line.replace("\t", " ").strip() + "\n"
                    else:
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
        for candidate in _USUAL:
            score = self._score(candidate, tabs and candidate == "\t")
            if score > best:
                best, delimiter = score, candidate
        # Blanks and colons occur in texts and times: they have to do better, and well.
        if delimiter == "\t" or best[1] < _MOSTLY or not best[0]:
            for candidate in _UNUSUAL:
                score = self._score(candidate)
                if score > best and score[1] >= _MOSTLY:
                    best, delimiter = score, candidate
        return delimiter

    def _check_title(self, first: list[list[str]]) -> None:
        """Raises BadData if a title is above the table, which then misleads the guess as well."""
        check_title(first)
        guessed = self.dialect.delimiter
        for delimiter in _USUAL if len(first[0]) == 1 else ():
            self.dialect.delimiter = delimiter
            # Quotes in the wrong places, for this delimiter.
            rows: list[list[str]] = []
            with suppress(BadData):
                rows.extend(islice(self._rows(), SAMPLE_ROWS))
            if rows:
                check_title(rows)
        self.dialect.delimiter = guessed

    def _score(self, delimiter: str, promised: bool = False) -> tuple[bool, float, int]:
        """Whether the first rows are divided at all, how many of them alike, into how many."""
        self.dialect.delimiter = delimiter
        widths = self._first_widths()
        if not widths:
            return False, 0.0, 0
        alike = sum(width == widths[0] for width in widths) / len(widths)
        return widths[0] > 1, alike + promised, widths[0]

    def _first_widths(self) -> list[int]:
        widths: list[int] = []
        try:
            for row in self._rows():
                widths.append(len(row))
                if len(widths) > SAMPLE_ROWS:
                    break
        except BadData:
            # Quotes in the wrong places: told when all of it is read, if this delimiter wins.
            pass
        return widths


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
