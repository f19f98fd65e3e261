"""Whether the first row of a table contains the names of the columns.

It does if a column of numbers begins with a text. It does not if all columns of numbers begin with
a number, unless these count up evenly, as years or the columns that pandas numbers. A table without
numbers has no names if most columns begin with a value that they have again further down.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from tuning.protocol.written_numbers import read_number
from tuning.runner.failures import BadData

from .cells import CellReader
from .source import Cell

SAMPLE_ROWS = 200
_MOSTLY = 0.9
# Of the rows below a title: a second line of it and a note at the end may be among them.
_MANY = 0.75
_LETTER = re.compile(r"[^\W\d_]")
_FEW_NUMBERS = 3
_MIN_ROWS, _MAX_CELLS = 12, 20_000


def header_of(rows: Sequence[Sequence[Cell]]) -> str:
    """One of HEADERS, by the first rows of a table."""
    head, body = rows[0], rows[1 : max(_MIN_ROWS, _MAX_CELLS // max(1, len(rows[0])))]
    if not body:
        return "yes"
    numbers: list[float] = []
    again = 0
    texts = 0
    for place, first in enumerate(head):
        cells = _present(row[place] for row in body if place < len(row))
        if not cells:
            continue
        is_number = sum(_number(cell) is not None for cell in cells) >= _MOSTLY * len(cells)
        number = _number(first)
        if not is_number:
            texts += 1
            again += first in cells
        elif number is not None:
            numbers.append(number)
        elif _present([first]):
            return "yes"
    if numbers:
        return "yes" if _counts(numbers) else "no"
    return "no" if again > texts / 2 else "yes"


def check_title(rows: Sequence[Sequence[Cell]]) -> None:
    """Raises BadData if the first row is a title: one cell of words above rows of several."""
    filled = [cell for cell in rows[0] if cell is not None and str(cell).strip()]
    if len(filled) != 1 or not isinstance(filled[0], str) or not _LETTER.search(filled[0]):
        return
    [(width, count)] = Counter(map(len, rows[1:])).most_common(1) or [(0, 0)]
    if width > 1 and count >= _MANY * len(rows[1:]):
        raise BadData(
            f"The first row is “{filled[0].strip()[:40]}” and nothing else, but the rows below it "
            f"have {width:,} cells. Remove all lines above the names of the columns."
        )


def _present(cells: Iterable[Cell]) -> list[Cell]:
    read = CellReader()
    return [cell for cell in cells if read(cell) is not None]


def _number(cell: Cell) -> float | None:
    if not isinstance(cell, str):
        return cell
    found = read_number(cell) or read_number(cell, ",")
    return found[0] if found else None


def _counts(numbers: list[float]) -> bool:
    """Whether they are names that count: 0, 1, 2 or 1990, 1995, 2000."""
    steps = {later - earlier for earlier, later in pairwise(numbers)}
    is_even = len(steps) == 1 and min(steps) > 0
    return is_even and (len(numbers) >= _FEW_NUMBERS or numbers[0] in (0, 1))
