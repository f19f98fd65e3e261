"""The ways to divide the rows of a dataset. Standard library only."""

from dataclasses import dataclass
from enum import StrEnum


class SplitBy(StrEnum):
    RANDOM = "random"
    GROUP = "group"
    TIME = "time"


@dataclass(frozen=True)
class SplitTraits:
    """`needs_column`: the values of a column decide in which part a row is. `stratifies`: classes
    keep their shares of the parts, as far as the values allow it. `folds`: what the folds of a
    cross-validation are, in words."""

    caption: str
    help: str
    needs_column: bool = True
    stratifies: bool = True
    folds: str = ""


SPLITS: dict[str, SplitTraits] = {
    SplitBy.RANDOM: SplitTraits(
        "Random", "Each row is assigned at random.", needs_column=False, folds="shuffled folds"
    ),
    SplitBy.GROUP: SplitTraits(
        "By group",
        "Rows with the same value in a column stay together, such as all rows of a patient.",
        folds="folds that keep groups together",
    ),
    SplitBy.TIME: SplitTraits(
        "By time",
        "The oldest rows are for training, the newest for test.",
        stratifies=False,
        folds="folds that are tested on later rows than they are trained on",
    ),
}


def split_choices() -> list[tuple[str, str]]:
    """Pairs for a form's field."""
    return [(kind, traits.caption) for kind, traits in SPLITS.items()]
