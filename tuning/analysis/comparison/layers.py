"""The layers of several trials line by line beside each other, aligned with those of one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class LayerCell:
    """`kind`: same, changed or added (against the reference), or none where a trial has no such
    line. The reference's own lines are the same as themselves."""

    text: str
    kind: str

    @property
    def sign(self) -> str:
        return {"changed": "≠", "added": "+", "none": "−"}.get(self.kind, "")

    @property
    def word(self) -> str:
        """The sign for people who hear the page."""
        return {"changed": "other:", "added": "added:", "none": "missing"}.get(self.kind, "")


# The characters with which tables are drawn.
_FRAME = re.compile("[\u2500-\u257f]")
_BLANKS = re.compile(" {2,}")
# A layer's class is in brackets after its name.
_CLASS = re.compile(r"\((\w+)\)")
_DIGITS = re.compile(r"\d+")

LayerRow = list[LayerCell]
_NOTHING = LayerCell("", "none")
# In a line that only others have there is nothing to miss.
_BLANK = LayerCell("", "blank")


def layer_rows(summaries: Sequence[str], reference: int = 0) -> list[LayerRow]:
    """A cell for each summary in every row."""
    texts = [compact(summary) for summary in summaries]
    spine = texts[reference]
    aligned = [_aligned(spine, text) for text in texts]
    rows: list[LayerRow] = []
    for index in range(len(spine) + 1):
        extra = [beside.added.get(index, []) for beside in aligned]
        for depth in range(max(map(len, extra))):
            rows.append(
                [
                    LayerCell(lines[depth], "added") if depth < len(lines) else _BLANK
                    for lines in extra
                ]
            )
        if index < len(spine):
            rows.append([beside.at(index, spine[index]) for beside in aligned])
    return rows


def compact(summary: str) -> list[str]:
    """Its lines without the frame that Keras draws and the blanks that fill it, so that several
    find room beside each other. Lines of other texts keep their indentation."""
    lines = summary.splitlines()
    if _FRAME.search(summary):
        lines = [_BLANKS.sub("  ", _FRAME.sub("  ", line)).strip() for line in lines]
    return [line.rstrip() for line in lines if line.strip()]


@dataclass(frozen=True)
class _Beside:
    """`lines`: what is next to the reference's line of that number; `added`: before it."""

    lines: dict[int, str]
    added: dict[int, list[str]]

    def at(self, index: int, line: str) -> LayerCell:
        own = self.lines.get(index)
        if own is None:
            return _NOTHING
        return LayerCell(own, "same" if own == line else "changed")


def _aligned(spine: list[str], lines: list[str]) -> _Beside:
    beside: dict[int, str] = {}
    added: dict[int, list[str]] = {}
    matcher = SequenceMatcher(None, [*map(_key, spine)], [*map(_key, lines)], autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "insert":
            added[i1] = lines[j1:j2]
            continue
        # What replaces a line is next to it; more lines than were replaced come after them.
        for index, line in zip(range(i1, i2), lines[j1:j2], strict=False):
            beside[index] = line
        if j2 - j1 > i2 - i1:
            added[i2] = lines[j1 + (i2 - i1) : j2]
    return _Beside(beside, added)


def _key(line: str) -> str:
    """What lines have in common that are next to each other: the same class of layer, or the same
    words. Names and sizes may differ."""
    found = _CLASS.search(line)
    return found[1] if found else _DIGITS.sub("0", line)
