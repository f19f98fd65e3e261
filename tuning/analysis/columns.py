"""The columns of a prepared table, a page at a time, each with its small histogram."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator

from tuning.figures import counted, figure, setting
from tuning.models import Dataset
from tuning.protocol.uploads import ColumnType

from .profiles import Bar, bars_of
from .texts import lengths_of

COLUMNS_A_PAGE = 100
WIDTH, HEIGHT = 120, 28


@dataclass(frozen=True)
class ColumnRow:
    name: str
    type: str
    missing: int
    # What the bars show, in words.
    summary: str
    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class ColumnTable:
    """`total` counts all columns; the page may know of fewer."""

    page: Page[dict[str, Any]]
    rows: list[ColumnRow]
    known: int
    total: int

    @property
    def range_text(self) -> str:
        """Which columns the page shows, of how many."""
        text = f"Columns {self.page.start_index():,} to {self.page.end_index():,} of {self.total:,}"
        return (
            text
            if self.known == self.total
            else f"{text} (only the first {self.known:,} are shown)"
        )


def column_table(dataset: Dataset, page: Any) -> ColumnTable | None:
    """None for datasets whose columns have no types: images, arrays, built-in tables."""
    columns = dataset.profile.get("columns")
    if not columns:
        return None
    shown = Paginator(columns, COLUMNS_A_PAGE).get_page(page)
    rows = [_row(column) for column in shown.object_list]
    return ColumnTable(shown, rows, len(columns), dataset.profile["column_count"])


def _row(column: dict[str, Any]) -> ColumnRow:
    if column["type"] == "number":
        edges, counts = column["histogram"]["edges"], column["histogram"]["counts"]
        labels = [
            f"{figure(float(low), 3)} to {figure(float(high), 3)}: {count:,}"
            for low, high, count in zip(edges, edges[1:], counts, strict=False)
        ]
        summary = f"{setting(float(edges[0]))} to {setting(float(edges[-1]))}"
    elif column["type"] == ColumnType.TEXT:
        words = lengths_of(column, "words", WIDTH, HEIGHT)
        return ColumnRow(column["name"], "text", column["missing"], words.summary, words.bars)
    else:
        counts = column["counts"]
        labels = [f"{v}: {c:,}" for v, c in zip(column["values"], counts, strict=False)]
        summary = counted(column["different"], "value")
        if column["values"]:
            summary += f", mostly {column['values'][0][:40]}"
    bars = bars_of(counts, labels, WIDTH, HEIGHT)
    return ColumnRow(column["name"], column["type"], column["missing"], summary, bars)
