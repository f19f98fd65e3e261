"""The difference between two versions of a template's code, line by line."""

from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 3


@dataclass(frozen=True)
class Line:
    """A line of a difference. `kind`: same, added, removed, or skip for what is left out."""

    kind: str
    text: str = ""
    old: int | None = None
    new: int | None = None

    @property
    def sign(self) -> str:
        return {"added": "+", "removed": "−"}.get(self.kind, "")

    @property
    def word(self) -> str:
        """The sign for people who hear the page."""
        return {"added": "added", "removed": "removed"}.get(self.kind, "")


def differences(old: str, new: str) -> list[Line]:
    """What changed, with a few lines around each change."""
    before, after = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    for group in SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT):
        if group[0][1] > 0 or lines:
            lines.append(Line("skip"))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                pairs = zip(range(i1, i2), range(j1, j2), strict=True)
                lines += [Line("same", before[i], i + 1, j + 1) for i, j in pairs]
                continue
            lines += [Line("removed", before[i], old=i + 1) for i in range(i1, i2)]
            lines += [Line("added", after[j], new=j + 1) for j in range(j1, j2)]
    return lines


def tally(lines: list[Line]) -> tuple[int, int]:
    """How many lines were added and removed."""
    kinds = [line.kind for line in lines]
    return kinds.count("added"), kinds.count("removed")
