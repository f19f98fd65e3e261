"""Tables as .xlsx files, one sheet at a time.

openpyxl reads them row by row, in Python alone and with defusedxml. What the archive declares is
checked first, and no row or column is taken at its word: a cell that claims to be the last one of
the last column costs nothing.
"""

import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any

import openpyxl

from tuning.protocol import archives
from tuning.protocol.names import one_line
from tuning.protocol.uploads import MAX_MEMBERS, SPREADSHEET
from tuning.runner.datasets.parsed import Report
from tuning.runner.failures import BadData

from .headers import SAMPLE_ROWS, check_title, header_of
from .source import Cell, Dialect, Piece, check_columns, names_of, renamed
from .typed_rows import pieces_of

MAX_ROWS = 1 << 20
# Results of formulas that failed.
_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}
)
_MIDNIGHT = time()


class SpreadsheetTable:
    """A sheet of a spreadsheet, by default the first that may be a table. Rows without any value
    are skipped; formulas have the results that the program saved. Raises BadData."""

    kind = SPREADSHEET

    def __init__(
        self, file: IO[bytes], path: Path, dialect: Dialect, most_bytes: int, report: Report,
        least: int = 2,
    ) -> None:  # fmt: skip
        """`file` is what lies at `path`, and stays open as long as the table is read."""
        self._report = report
        self._workbook = _opened(file, path, most_bytes)
        self.unread: dict[str, str] = {}
        self.padded = self.has_blank_rows = False
        titles = [sheet.title for sheet in self._workbook.worksheets]
        self.sheets = [title for title in titles if title == one_line(title)][:MAX_MEMBERS]
        sheet, first = self._begin(dialect.sheet, least)
        check_columns(len(first[0]))
        if not dialect.header:
            check_title(first)
        header = dialect.header or header_of(first)
        self.dialect = Dialect(header=header, sheet=sheet)
        self.names = names_of(first[0], header, least)
        raw = ["" if cell is None else str(cell) for cell in first[0]]
        self.renamed = {} if header == "no" else renamed(raw, self.names)

    def pieces(self) -> Iterator[Piece]:
        rows = self._rows(self.dialect.sheet)
        if self.dialect.header == "yes":
            next(rows, None)
        yield from pieces_of(self._padded_rows(rows), len(self.names), self._report)

    def _begin(self, wanted: str, least: int) -> tuple[str, list[list[Cell]]]:
        """The sheet that is read, and its first rows. Notes before the table, in sheets of their
        own, have fewer columns than `least` or longer rows than the first one."""
        if wanted and wanted not in self.sheets:
            shown = ", ".join(self.sheets[:20])
            raise BadData(f"The file has no sheet “{wanted[:100]}”. Sheets: {shown}.")
        found = []
        for sheet in [wanted] if wanted else self.sheets:
            if first := list(islice(self._rows(sheet), SAMPLE_ROWS)):
                found.append((sheet, first))
                width = len(first[0])
                if len(first) > 1 and width >= least and width == max(map(len, first)):
                    return sheet, first
        if found:
            return found[0]
        raise BadData(f"The sheet “{wanted}” is empty." if wanted else "The spreadsheet is empty.")

    def _padded_rows(self, rows: Iterator[list[Cell]]) -> Iterator[list[Cell]]:
        width = len(self.names)
        for number, row in enumerate(rows, 1):
            if len(row) > width:
                raise BadData(
                    f"Row {number:,} of the sheet “{self.dialect.sheet}” has {len(row):,} cells, "
                    f"but the first row has {width:,}."
                )
            yield row + [None] * (width - len(row))

    def _rows(self, title: str) -> Iterator[list[Cell]]:
        """The rows that have a value, without the empty cells at their ends."""
        sheet = self._workbook[title]
        # What the sheet says about its own size need not be true.
        sheet.reset_dimensions()
        blank = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
                    if number > MAX_ROWS:
                        raise BadData(f"The sheet “{title}” has more than {MAX_ROWS:,} rows.")
                    cells = [_cell(value) for value in row]
                    while cells and cells[-1] is None:
                        cells.pop()
                    check_columns(len(cells))
                    if cells:
                        self.has_blank_rows |= blank
                        yield cells
                    else:
                        blank = True
            except (BadData, MemoryError):
                raise
            except Exception as error:
                # openpyxl raises what Python raises on any nonsense in the XML.
                raise BadData(_damaged(error)) from error


def _opened(file: IO[bytes], path: Path, most_bytes: int) -> Any:
    try:
        archives.open_archive(path, most_bytes).close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except archives.BadArchive as error:
        raise BadData(str(error)) from error
    except MemoryError:
        raise
    except Exception as error:
        raise BadData(_damaged(error)) from error


def _cell(value: Any) -> Cell:
    """A number, a text or None."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return None if value in _ERRORS or not value.strip() else value
    if isinstance(value, datetime) and value.time() == _MIDNIGHT:
        return str(value.date())
    if isinstance(value, datetime | date | time | timedelta):
        return str(value)
    return value if isinstance(value, int | float) else None


def _damaged(error: Exception) -> str:
    text = " ".join(str(error).split())[:200].rstrip(".")
    return f"The spreadsheet is damaged or unsupported: {text or type(error).__name__}."
