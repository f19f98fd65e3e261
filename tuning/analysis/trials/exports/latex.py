"""A table for papers: plain LaTeX with booktabs, figures rounded as on the page."""

import re
from collections.abc import Iterator
from typing import Any

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.table import cell_of
from tuning.protocol.statuses import Status

from .latex_text import escaped
from .rows import Row, Rows

# More lines than this do not fit on a page; a longtable goes on on the next one.
PAGE = 40

_SCIENTIFIC = re.compile(r"(-?[\d.]+)e([+-]\d+)")
_NEGATIVE = re.compile(r"-[\d.,]+")


def latex_pieces(rows: Rows) -> Iterator[bytes]:
    long = len(rows) > PAGE
    yield _opening(rows, long).encode()
    for batch in rows.batches():
        yield "".join(_line(rows.columns, row) for row in batch).encode()
    yield (_closing(long)).encode()


def _opening(rows: Rows, long: bool) -> str:
    selection = rows.selection
    about = f"{selection.scope.caption}: {len(rows)} of {selection.total} trials"
    packages = "booktabs and longtable" if long else "booktabs"
    alignment = "".join("l" if _is_text(column) else "r" for column in rows.columns)
    heads = " & ".join(escaped(column.label) for column in rows.columns)
    lines = [
        f"% {escaped(', '.join(filter(None, [about, selection.sentence])))}",
        f"% Needs the package{'s' if long else ''} {packages}.",
        f"\\begin{{{'longtable' if long else 'tabular'}}}{{{alignment}}}",
        "\\toprule",
        f"{heads} \\\\",
        "\\midrule",
    ]
    if long:
        lines += ["\\endhead", "\\bottomrule", "\\endfoot"]
    return "\n".join(lines) + "\n"


def _closing(long: bool) -> str:
    return "\\end{longtable}\n" if long else "\\bottomrule\n\\end{tabular}\n"


def _line(columns: list[Column], row: Row) -> str:
    # A line begins with the trial's number. Otherwise "[" after the last one's end would be read
    # as the argument of that.
    cells = (_cell(column, value) for column, value in zip(columns, row, strict=True))
    return " & ".join(cells) + " \\\\\n"


def _is_text(column: Column) -> bool:
    return column.kind in ("text", "status", "tags")


def _cell(column: Column, value: Any) -> str:
    if isinstance(value, list):
        return escaped(", ".join(value))
    if column.kind == "status":
        return Status(value).caption
    text = cell_of(column, value).text
    return escaped(text) if _is_text(column) else _number(text)


def _number(text: str) -> str:
    """1e-05 is a power of ten, and a minus sign is no hyphen. Units stay beside their numbers."""
    if match := _SCIENTIFIC.fullmatch(text):
        return f"${match[1]} \\times 10^{{{int(match[2])}}}$"
    if _NEGATIVE.fullmatch(text):
        return f"${text}$"
    return escaped(text).replace(" ", "~")
