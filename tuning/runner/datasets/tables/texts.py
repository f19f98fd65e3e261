"""Columns of free text: which ones are, how their texts are stored, and what is counted of them."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.uploads import ColumnType
from tuning.runner.failures import BadData
from tuning.texts import MAX_TEXTS, TextWriter, TooMuchText

from .cells import CellReader, text_of
from .source import Cell

MIN_WORDS = 6
# Scripts that put no spaces between words, and how many of their letters make one, roughly.
_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
_LETTERS_PER_WORD = 2
_WORD = re.compile(r"[^\W_]+")
_BINS = 20
# Of all words the most frequent are shown; counting forgets rare ones beyond so many.
_SHOWN, _KEPT_WORDS, _MAX_WORD = 20, 200_000, 40
_HEAD, _MAX_HEAD = 5, 300


def words_in(text: str) -> int:
    """How many words a text has, roughly, in any language."""
    return len(text.split()) + len(_WITHOUT_SPACES.findall(text)) // _LETTERS_PER_WORD


class TextColumn:
    """A column of x whose texts lie in files of their own; x has their numbers."""

    def __init__(self, name: str, read: CellReader) -> None:
        self._name = name
        self._read = read
        self._done = self._missing = 0
        self._words: list[np.ndarray] = []
        self._letters: list[np.ndarray] = []
        self._counts: Counter[str] = Counter()
        self._head: list[str] = []
        self._writer: TextWriter | None = None

    def open(self, folder: Path, place: int, rows: int, most_bytes: int) -> TextWriter:
        """Where `take` writes. Raises BadData."""
        if rows > MAX_TEXTS:
            raise BadData(
                f"The table has {rows:,} rows. With a text column it may have {MAX_TEXTS:,}."
            )
        self._writer = TextWriter(folder, place, rows, most_bytes)
        return self._writer

    def take(self, cells: Sequence[Cell], usable: np.ndarray) -> np.ndarray:
        """Store the texts of the usable rows; their numbers as float32, NaN where none is. Raises
        BadData."""
        assert self._writer
        texts = [
            self._text(cell) for cell, is_usable in zip(cells, usable, strict=True) if is_usable
        ]
        try:
            self._writer.add(text or "" for text in texts)
        except TooMuchText:
            raise BadData(f"The texts of “{self._name}” need more space than the limit.") from None
        self._count(texts)
        numbers: np.ndarray = np.arange(self._done, self._done + len(texts), dtype=np.float32)
        numbers[[text is None for text in texts]] = np.nan
        self._done += len(texts)
        return numbers

    def _text(self, cell: Cell) -> str | None:
        """As the file has it, with its spaces and line breaks."""
        if self._read(cell) is None:
            return None
        return cell if isinstance(cell, str) else text_of(cell)

    def _count(self, texts: list[str | None]) -> None:
        there = [text for text in texts if text is not None]
        self._missing += len(texts) - len(there)
        self._head += [(text or "")[:_MAX_HEAD] for text in texts[: _HEAD - len(self._head)]]
        self._words.append(np.array([words_in(text) for text in there], np.int32))
        self._letters.append(np.array([len(text) for text in there], np.int32))
        for text in there:
            self._counts.update(_WORD.findall(text.casefold()))
        if len(self._counts) > _KEPT_WORDS:
            self._counts = Counter(dict(self._counts.most_common(_KEPT_WORDS // 2)))

    def described(self) -> dict[str, Any]:
        """What the profile says of the column. `head` has the first rows' texts."""
        words = self._counts.most_common(_SHOWN)
        return {
            "name": self._name,
            "type": ColumnType.TEXT.value,
            "missing": self._missing,
            "words": [word[:_MAX_WORD] for word, _ in words],
            "counts": [count for _, count in words],
            "lengths": {
                "words": _histogram(np.concatenate(self._words)),
                "characters": _histogram(np.concatenate(self._letters)),
            },
            "head": self._head,
        }


def _histogram(lengths: np.ndarray) -> dict[str, Any]:
    """Lengths by whole numbers. The last bar has the longest hundredth, too, which would squeeze
    all others. `longest` and `median` are those of all."""
    if not len(lengths):
        lengths = np.zeros(1, np.int32)
    low, high = int(lengths.min()), int(np.quantile(lengths, 0.99, method="higher"))
    step = max(1, -(-(high + 1 - low) // _BINS))
    edges = np.arange(low, high + 1 + step, step)
    counts, _ = np.histogram(lengths.clip(low, edges[-1] - 1), edges)
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "median": int(np.median(lengths)),
        "longest": int(lengths.max()),
    }
