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
    keep their shares of the parts, as far as the values allow it. `seeded`: chance decides, too.
    `folds`: a sentence about those of a cross-validation; empty for the usual ones. `fold_needs`:
    what each of them needs."""

    caption: str
    help: str
    needs_column: bool = True
    stratifies: bool = True
    seeded: bool = True
    folds: str = ""
    fold_needs: str = ""


SPLITS: dict[str, SplitTraits] = {
    SplitBy.RANDOM: SplitTraits("Random", "each row is assigned at random.", needs_column=False),
    SplitBy.GROUP: SplitTraits(
        "By group",
        "rows with the same value in a column stay together, such as all rows of a patient.",
        folds="Folds keep groups together.",
        fold_needs="a group",
    ),
    SplitBy.TIME: SplitTraits(
        "By time",
        "the oldest rows are for training, the newest for test.",
        stratifies=False,
        seeded=False,
        folds="Each fold is tested on later rows than it is trained on.",
        fold_needs="a later time than those before it",
    ),
}


def split_choices() -> list[tuple[str, str]]:
    """For a database field, whose migrations then need not know every way."""
    return [(kind, traits.caption) for kind, traits in SPLITS.items()]


def explained_splits() -> list[tuple[str, str]]:
    """The same for a form, with what each of them does."""
    return [(kind, f"{traits.caption}: {traits.help}") for kind, traits in SPLITS.items()]
