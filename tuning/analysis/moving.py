"""What comes along when a project moves to another team, and what its team may use there.

A dataset or template that only this project uses moves with it, in all versions. One that other
projects use as well stays with its team: the moved project goes on using it, so its new team sees
that version in the project, but neither changes it nor uses later versions. Nothing is copied, and
a team cannot delete what a project anywhere uses.
"""

from dataclasses import dataclass

from django.db.models import QuerySet

from tuning.figures import counted
from tuning.models import Dataset, HyperModel, Project


@dataclass(frozen=True)
class Part:
    """The dataset or the template of a project, which belongs to a team. `others`: how many other
    projects use any of its `versions`."""

    noun: str
    row: Dataset | HyperModel
    versions: QuerySet[Dataset] | QuerySet[HyperModel]
    others: int
    is_foreign: bool

    @property
    def moves(self) -> bool:
        return not self.others and not self.is_foreign

    @property
    def sentence(self) -> str:
        """What people read before they move the project."""
        what = f"The {self.noun} “{self.row.name}”"
        if self.moves:
            return f"{what} moves with the project."
        team = self.row.team
        uses = f", where {counted(self.others, 'other project')} {self._verb} it"
        stays = f"{what} stays in team {team}{'' if self.is_foreign else uses}."
        if not self.is_foreign:
            return f"{stays} The project keeps using it, and its new team {self._limits}"
        back = "If the project moves back to that team, it is the team’s own there."
        return f"{stays} {back} Any other team {self._limits}"

    @property
    def _verb(self) -> str:
        return "uses" if self.others == 1 else "use"

    @property
    def _limits(self) -> str:
        """What a team can do with a part of another team."""
        if self.row.is_published:
            return "sees it there and in the gallery, but cannot change it."
        return "sees it there, but cannot change it or use it in other projects."


def parts_of(project: Project) -> list[Part]:
    """Built-in ones belong to no team and are no parts."""
    dataset, hypermodel = project.dataset, project.hypermodel
    found = []
    if dataset.team_id is not None:
        versions = Dataset.objects.versions_of(dataset).order_by()
        found.append(_part("dataset", dataset, versions, project, "dataset__in"))
    if hypermodel.team_id is not None:
        templates = HyperModel.objects.versions_of(hypermodel).order_by()
        found.append(_part("template", hypermodel, templates, project, "hypermodel__in"))
    return found


def newer_template(project: Project) -> HyperModel | None:
    """The latest version of its template that its team may use, if it is later."""
    later = HyperModel.objects.later_than(project.hypermodel)
    return later.usable_in(project.team_id).first()


def newer_data(project: Project) -> Dataset | None:
    """The latest version of its dataset that its team may use, if it is later."""
    later = Dataset.objects.later_than(project.dataset)
    return later.usable_in(project.team_id).first()


def _part(
    noun: str, row: Dataset | HyperModel, versions: QuerySet[Dataset] | QuerySet[HyperModel],
    project: Project, lookup: str,
) -> Part:  # fmt: skip
    others = Project.objects.filter(**{lookup: versions}).exclude(pk=project.pk).count()
    return Part(noun, row, versions, others, row.team_id != project.team_id)
