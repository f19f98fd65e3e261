"""The selected trials as files: all of them, in the table's order, in the columns shown.

Every format is a function from Rows to pieces of the file, so that exports of any length stream.

`tuning/analysis/trials/exports` has a function for each format from `Rows` to pieces of a file.
Which trials and in which order is settled at once (8 bytes a trial); their values are read 500 at
a time while the pieces go out, with nothing open in between, so that memory does not grow with a
search and a slow download holds no transaction. Values come from the trial's own JSON: `TrialIndex`
has floats and shortened texts.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .comma_separated import csv_pieces
from .json_document import json_pieces
from .latex import latex_pieces
from .optuna_storage import journal_pieces, sqlite_pieces
from .parquet import parquet_pieces
from .rows import Rows

__all__ = ["FORMATS", "Format", "Rows"]


@dataclass(frozen=True)
class Format:
    """`name` is used in URLs; `help` says when to take it."""

    name: str
    label: str
    ending: str
    content_type: str
    help: str
    pieces: Callable[[Rows], Iterator[bytes]]


FORMATS: dict[str, Format] = {
    item.name: item
    for item in (
        Format(
            "csv", "CSV", "csv", "text/csv; charset=utf-8; header=present",
            "For spreadsheets and other table tools.", csv_pieces,
        ),
        Format(
            "json", "JSON", "json", "application/json",
            "For programs: the selection, the columns and one record per trial.",
            json_pieces,
        ),
        Format(
            "latex", "LaTeX", "tex", "text/x-tex; charset=utf-8",
            "For papers: a booktabs table with rounded figures.",
            latex_pieces,
        ),
        Format(
            "parquet", "Parquet", "parquet", "application/vnd.apache.parquet",
            "For pandas and other analysis: compact, exact, with column types.",
            parquet_pieces,
        ),
        Format(
            "optuna", "Optuna (SQLite)", "db", "application/vnd.sqlite3",
            "For Optuna and Optuna Dashboard: one study per search, with reported values.",
            sqlite_pieces,
        ),
        Format(
            "optuna-journal", "Optuna (journal)", "log", "application/jsonl",
            "The same studies for Optuna's journal storage.",
            journal_pieces,
        ),
    )
}  # fmt: skip
