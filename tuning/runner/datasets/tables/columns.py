"""What a pass over all cells of a column finds, and the type that it suggests."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tuning.protocol.uploads import MAX_CATEGORIES, ColumnType

from .cells import CellReader, text_of
from .notation import Votes
from .source import Cell
from .texts import MIN_WORDS, words_in

MAX_CATEGORY_LENGTH = 100
_EXAMPLES, _MAX_EXAMPLE = 3, 28
_NAMED_ROWS = 5
# With fewer rows, texts that are all different may well be categories.
_FEW_ROWS = 20
_ROW_NUMBERS = re.compile(
    r"(.*[\W_])?(id|index|nr|no|number|row|rowid|rownames|key)|unnamed.*", re.I
)
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ].*)?"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?"
)


@dataclass
class Scan:
    """Takes a column's cells piece by piece and keeps what little is needed of them."""

    name: str
    read: CellReader
    votes: Votes = field(default_factory=Votes)
    rows: int = 0
    missing: int = 0
    numbers: int = 0
    dates: int = 0
    whole: bool = True
    low: float = float("inf")
    high: float = float("-inf")
    longest: int = 0
    # Of all texts together.
    words: int = 0
    examples: list[str] = field(default_factory=list)
    # The first rows without a value, and the first cell that is no number, with its row.
    missing_rows: list[int] = field(default_factory=list)
    no_number: tuple[int, str] | None = None
    # How often each text occurs; None once there are more than a category may have.
    counts: Counter[str] | None = field(default_factory=Counter)
    # Whole numbers that grow from row to row, by one each time.
    grows: bool = True
    steps: bool = True
    _last: float | None = None

    def take(self, cells: Sequence[Cell], row: int, tally: Counter[Cell] | None = None) -> None:
        """Count these cells; the first one is in `row`. `tally`: how many there are of each."""
        tally = tally or Counter(cells)
        values = {cell: self.read(cell) for cell in tally}
        self.rows += len(cells)
        numbers = [value for value in values.values() if isinstance(value, float)]
        if numbers:
            self.low, self.high = min(self.low, *numbers), max(self.high, *numbers)
            self.whole = self.whole and all(map(float.is_integer, numbers))
        if len(numbers) == len(values):
            self.numbers += len(cells)
        else:
            self._take_others(tally, values)
            self._remember_first(cells, values, row)
        if len(self.examples) < _EXAMPLES:
            self._take_examples(values)
        self._count(tally, values)
        if self.grows:
            self._follow(cells, values)

    def _take_others(self, tally: Counter[Cell], values: dict) -> None:
        """Count missing values and texts."""
        for cell, value in values.items():
            if value is None:
                self.missing += tally[cell]
            elif isinstance(value, float):
                self.numbers += tally[cell]
            else:
                self.dates += tally[cell] if _DATE.fullmatch(value) else 0
                self.longest = max(self.longest, len(value))
                self.words += tally[cell] * words_in(value)

    def _remember_first(self, cells: Sequence[Cell], values: dict, row: int) -> None:
        """Where the first missing values are, and the first cell that is no number."""
        if len(self.missing_rows) < _NAMED_ROWS and None in values.values():
            found = (row + at for at, cell in enumerate(cells) if values[cell] is None)
            self.missing_rows += [at for at, _ in zip(found, range(_NAMED_ROWS), strict=False)]
            del self.missing_rows[_NAMED_ROWS:]
        if self.no_number is None and any(isinstance(value, str) for value in values.values()):
            at = next(at for at, cell in enumerate(cells) if isinstance(values[cell], str))
            self.no_number = (row + at, str(values[cells[at]]))

    def _take_examples(self, values: dict) -> None:
        for cell in values:
            text = text_of(cell)[:_MAX_EXAMPLE]
            if values[cell] is not None and text not in self.examples:
                self.examples = [*self.examples, text][:_EXAMPLES]

    def _count(self, tally: Counter[Cell], values: dict) -> None:
        if self.counts is None:
            return
        for cell, value in values.items():
            if value is not None:
                self.counts[text_of(cell)] += tally[cell]
        if len(self.counts) > MAX_CATEGORIES:
            self.counts = None

    def _follow(self, cells: Sequence[Cell], values: dict) -> None:
        """Whether the cells go on counting the rows."""
        if not self.whole or self.missing or self.no_number:
            self.grows = self.steps = False
            return
        numbers = np.array([values[cell] for cell in cells])
        jumps = np.diff(numbers if self._last is None else np.insert(numbers, 0, self._last))
        self.grows = bool((jumps > 0).all())
        self.steps = self.steps and bool((jumps == 1).all())
        self._last = float(numbers[-1])

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def different(self) -> int:
        """How many unique values, up to one more than a category may have."""
        return MAX_CATEGORIES + 1 if self.counts is None else len(self.counts)

    @property
    def may_be_category(self) -> bool:
        return self.counts is not None and self.longest <= MAX_CATEGORY_LENGTH

    @property
    def is_open(self) -> bool:
        """Whether the numbers can be read with a point and with a comma, with different values."""
        return self.is_numeric and self.votes.is_open

    @property
    def is_numeric(self) -> bool:
        return self.numbers == self.present > 0

    @property
    def is_text(self) -> bool:
        """Whether most cells differ and have several words."""
        texts = self.present - self.numbers
        several = texts > self.present / 2 and self.words >= MIN_WORDS * texts
        return several and self.different > min(MAX_CATEGORIES, self.present / 2)

    def suggestion(self) -> tuple[ColumnType, str]:
        """The type that the cells suggest, with a reason if the column should be left out."""
        if self.is_text:
            return ColumnType.TEXT, ""
        reason = self._reason_against()
        if reason:
            return ColumnType.OUT, reason
        return (ColumnType.NUMBER if self.is_numeric else ColumnType.CATEGORY), ""

    def _reason_against(self) -> str:
        if not self.present:
            return "is empty"
        if self.different == 1 and not self.missing:
            return f"has the same value in every row: {self.examples[0]}"
        if self.is_numeric:
            return self._reason_against_numbers()
        if self.dates == self.present:
            return "contains dates or times"
        if self.numbers > 0.9 * self.present and self.no_number:
            row, text = self.no_number
            return f"contains numbers, except “{text[:40]}” in row {row:,}"
        if self.counts is None:
            return f"has more than {MAX_CATEGORIES:,} unique values"
        if self.longest > MAX_CATEGORY_LENGTH:
            return f"contains text of up to {self.longest:,} characters"
        if self.different > self.present / 2 and self.present > _FEW_ROWS:
            return "has a different text in nearly every row"
        return ""

    def _reason_against_numbers(self) -> str:
        counts_rows = self.steps and self.low in (0, 1)
        if self.grows and self.rows > 2 and (counts_rows or _ROW_NUMBERS.fullmatch(self.name)):
            return "looks like a row ID"
        return ""
