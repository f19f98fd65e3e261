"""What a new project can be made of: the rows of datasets and templates, and which of them do not
fit together, with the reason."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tuning.models import Dataset, HyperModel
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.names import one_line

MAX_NAME = 80
# Lines of code that a preview shows.
CODE_LINES = 24


OWN, SHARED, BUILT_IN = HEADINGS = ("Your teams", "Gallery", "Built-in")

Row = TypeVar("Row", Dataset, HyperModel)


@dataclass(frozen=True)
class Choice(Generic[Row]):
    """A row to choose. `misfit`: why it does not fit what was chosen before; else empty.
    `heading`: one of HEADINGS."""

    row: Row
    is_chosen: bool
    misfit: str
    heading: str

    @property
    def search_text(self) -> str:
        """What the field above the rows finds it by."""
        return f"{self.row.name} {self.row.team or ''} {self.row.description}".lower()


@dataclass(frozen=True)
class CodeExcerpt:
    text: str
    # Lines that are not in it.
    more: int


def misfit_text(dataset: Dataset, hypermodel: HyperModel) -> str:
    """Why the two cannot be in one project, as a sentence; empty if they can."""
    if hypermodel.takes(dataset) and not hypermodel.suits_task_of(dataset):
        return (
            f"“{hypermodel}” is an autoencoder, but “{dataset}” contains {dataset.data.contents}."
            if hypermodel.reconstructs
            else f"“{hypermodel}” predicts a target, but “{dataset}” has none."
        )
    if not hypermodel.takes(dataset):
        kinds = " or ".join(DataKind(kind).traits.contents for kind in hypermodel.kinds)
        return f"“{hypermodel}” needs {kinds}, but “{dataset}” contains {dataset.data.contents}."
    if not (hypermodel.is_usable_in(dataset.team_id) or dataset.is_usable_in(hypermodel.team_id)):
        return (
            f"“{hypermodel}” belongs to team {hypermodel.team}, but “{dataset}” belongs to team "
            f"{dataset.team}."
        )
    return ""


def dataset_choices(
    datasets: Iterable[Dataset], hypermodel: HyperModel | None, chosen: Dataset | None,
    teams: Collection[int], members: Collection[int],
) -> list[Choice[Dataset]]:  # fmt: skip
    """By headings. `teams`: those in which the person may create a project; `members`: all of
    which they are a member."""
    choices = [
        Choice(
            row,
            row == chosen,
            _foreign_text(row, teams) or (misfit_text(row, hypermodel) if hypermodel else ""),
            _heading(row, members),
        )
        for row in datasets
    ]
    return sorted(choices, key=lambda choice: HEADINGS.index(choice.heading))


def template_choices(
    hypermodels: Iterable[HyperModel], dataset: Dataset | None, chosen: HyperModel | None,
    teams: Collection[int], members: Collection[int],
) -> list[Choice[HyperModel]]:  # fmt: skip
    """The same for templates; those that fit come first below each heading."""
    choices = [
        Choice(
            row,
            row == chosen,
            _foreign_text(row, teams) or (misfit_text(dataset, row) if dataset else ""),
            _heading(row, members),
        )
        for row in hypermodels
    ]
    return sorted(choices, key=lambda one: (HEADINGS.index(one.heading), bool(one.misfit)))


def default_name(dataset: Dataset, hypermodel: HyperModel) -> str:
    """How a project of the two is called unless a person says so."""
    version = f" v{dataset.version}" if dataset.version > 1 else ""
    return one_line(f"{dataset.name}{version} with {hypermodel.name}")[:MAX_NAME]


def code_excerpt(hypermodel: HyperModel) -> CodeExcerpt:
    """Its first lines of code after imports and constants: functions or classes, if it has any."""
    lines = hypermodel.code.strip().splitlines()
    starts = (at for at, line in enumerate(lines) if line.startswith(("def ", "class ", "@")))
    first = next(starts, 0)
    shown = lines[first : first + CODE_LINES]
    return CodeExcerpt("\n".join(shown), len(lines) - len(shown))


def _heading(row: Dataset | HyperModel, members: Collection[int]) -> str:
    if row.team_id is None:
        return BUILT_IN
    return OWN if row.team_id in members else SHARED


def _foreign_text(row: Dataset | HyperModel, teams: Collection[int]) -> str:
    if row.team_id in teams or row.is_usable_in(None):
        return ""
    return f"You have view-only access in its team, {row.team}."
