"""A column of several labels in each cell: "a;b;c", "Action|Drama", "['red', 'large']"."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tuning.protocol.uploads import MAX_CATEGORIES, SEPARATORS

# What lists of Python and of other programs have around them and around their items.
AROUND_ALL, AROUND_ONE = "[](){} ", " '\"\t"
# Of the rows with labels, how many must have several before a column is taken for labels.
_MIN_SHARE = 0.05


class Tags:
    """What the cells of a column hold if `separator` divides them. `counts`: the rows of each
    label; `sizes`: the rows by their number of labels; `texts`: different cells, up to one more
    than a category may have."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        self.counts: Counter[str] = Counter()
        self.sizes: Counter[int] = Counter()
        self.texts = 0

    def take(self, cells: Mapping[str, int]) -> None:
        """Count different cells, each with the rows that have it."""
        for cell, rows in cells.items():
            labels = labels_of(cell, self.separator)
            self.sizes[len(labels)] += rows
            for label in labels:
                self.counts[label] += rows
        self.texts = min(self.texts + len(cells), MAX_CATEGORIES + 1)

    @property
    def are_too_many(self) -> bool:
        return len(self.counts) > MAX_CATEGORIES

    @property
    def are_likely(self) -> bool:
        """Whether the cells are rather several labels than the name of one class: rows have
        different numbers of labels, and there are fewer labels than combinations of them (“Korea,
        South” and “Korea, North” are names of two classes)."""
        rows = {size: count for size, count in self.sizes.items() if size}
        several = sum(count for size, count in rows.items() if size > 1)
        enough = several >= _MIN_SHARE * sum(rows.values())
        return len(rows) > 1 and enough and len(self.counts) < self.texts


def labels_of(cell: str, separator: str) -> tuple[str, ...]:
    """The labels of a cell, each once."""
    parts = (part.strip(AROUND_ONE) for part in cell.strip(AROUND_ALL).split(separator))
    return tuple(dict.fromkeys(part for part in parts if part))


def tags_of(pieces: Iterable[Mapping[str, int]]) -> list[Tags]:
    """What each separator makes of a column's cells, of which every piece tells how often it has
    each; without separators that make too many labels."""
    found = [Tags(separator) for separator in SEPARATORS]
    for cells in pieces:
        for tags in found:
            tags.take(cells)
        found = [tags for tags in found if not tags.are_too_many]
    return found


def likely(found: list[Tags]) -> Tags | None:
    """Those of the separator that divides most, if any is likely to be one."""
    candidates = [tags for tags in found if tags.are_likely]
    return max(candidates, key=lambda tags: sum(tags.counts.values()), default=None)
