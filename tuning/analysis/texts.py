"""What a dataset's page shows of its text columns: lengths, words and the first texts."""

from dataclasses import dataclass
from typing import Any

from tuning.figures import counted
from tuning.models import Dataset
from tuning.protocol.uploads import ColumnType

from .profiles import HEIGHT, WIDTH, Bar, bars_of

MAX_COLUMNS = 20


@dataclass(frozen=True)
class Lengths:
    """A histogram of how long the texts are. `unit`: words or characters."""

    unit: str
    summary: str
    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class Word:
    """`share`: in relation to the most frequent word, in percent."""

    text: str
    count: int
    share: float


@dataclass(frozen=True)
class TextInfo:
    name: str
    present: int
    missing: int
    lengths: list[Lengths]
    words: list[Word]
    samples: list[str]


def texts_info(dataset: Dataset) -> list[TextInfo]:
    """Of the first text columns; none of other datasets."""
    columns = dataset.profile.get("columns") or []
    texts = [column for column in columns if column["type"] == ColumnType.TEXT]
    return [_info(column, dataset.profile["rows"]) for column in texts[:MAX_COLUMNS]]


def lengths_of(column: dict[str, Any], unit: str, wide: int = WIDTH, high: int = HEIGHT) -> Lengths:
    """The histogram of one unit, in a picture of this size."""
    found = column["lengths"][unit]
    edges, counts = found["edges"], found["counts"]
    labels = [
        f"{_range(low, end - 1, found['longest'], end == edges[-1])} {unit}: {count:,}"
        for low, end, count in zip(edges, edges[1:], counts, strict=False)
    ]
    summary = f"median {counted(found['median'], unit[:-1])}, longest {found['longest']:,}"
    return Lengths(unit, summary, bars_of(counts, labels, wide, high), wide, high)


def _range(low: int, high: int, longest: int, is_last: bool) -> str:
    high = max(high, longest) if is_last else high
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _info(column: dict[str, Any], rows: int) -> TextInfo:
    counts = column["counts"]
    words = [
        Word(word, count, round(100 * count / max(counts[0], 1), 1))
        for word, count in zip(column["words"], counts, strict=True)
    ]
    units = [lengths_of(column, unit) for unit in ("words", "characters")]
    samples = [text for text in column["head"] if text]
    missing = column["missing"]
    return TextInfo(column["name"], rows - missing, missing, units, words, samples)
