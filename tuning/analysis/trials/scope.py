"""Whose trials a table, its plots and its exports have: those of a search, or those of a project's
searches with one objective. Scores of different objectives never come together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import quote

from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse

from tuning.analysis.front import front_of
from tuning.models import Project, Search, Trial, TrialIndex

# More than anybody compares; older ones have tables of their own.
MAX_SEARCHES = 200
# What `reverse` leaves as it is in a path.
_UNQUOTED = "!$&'()*+,;=/~:@"


class Objective(NamedTuple):
    """What searches optimise: `key` in addresses, `caption` on pages."""

    key: str
    caption: str
    searches: int


@dataclass(frozen=True)
class Scope:
    """`searches`, the newest first, have the same objective and direction. `objectives` are all of
    a project, that of the newest search first; empty for the table of a single search."""

    project: Project
    searches: tuple[Search, ...]
    objectives: tuple[Objective, ...] = ()

    @property
    def is_project(self) -> bool:
        return bool(self.objectives)

    @property
    def search(self) -> Search:
        """Its only search, or the newest: what holds for all of them is read from it."""
        return self.searches[0]

    @property
    def objective(self) -> str:
        return objective_key(self.search)

    @property
    def default_objective(self) -> str:
        return self.objectives[0].key if self.objectives else ""

    @cached_property
    def by_key(self) -> dict[int, Search]:
        return {search.pk: search for search in self.searches}

    def where(self, path: str) -> dict[str, Any]:
        """The condition that the search at `path` is one of these."""
        if len(self.searches) == 1:
            return {path: self.search.pk}
        return {f"{path}__in": list(self.by_key)}

    @property
    def keeps_weights(self) -> bool:
        """Whether pruned trials of any of its searches leave weights, which can be pinned."""
        return any(search.pruned_trials_resume for search in self.searches)

    def trials(self) -> Any:
        return Trial.objects.filter(**self.where("search"))

    def index_rows(self) -> QuerySet[TrialIndex]:
        return TrialIndex.objects.filter(**self.where("search")).order_by()

    def best_trial(self) -> int | None:
        """The key of the best trial. An index has the best of each search, not that of several."""
        direction = self.search.direction
        if self.search.has_several_objectives:
            return None
        if len(self.searches) == 1:
            best = self.trials().best_first(direction)
            return best.values_list("pk", flat=True).first()
        own = Trial.objects.filter(search=OuterRef("pk")).best_first(direction).values("pk")[:1]
        each = Search.objects.filter(**self.where("pk")).annotate(best=Subquery(own))
        found = Trial.objects.filter(pk__in=list(each.values_list("best", flat=True)))
        return found.best_first(direction).values_list("pk", flat=True).first()

    @property
    def front(self) -> set[int]:
        """The keys of the trials on the Pareto front, if this is a search with several objectives.
        Of several searches, each has a front of its own."""
        if self.is_project or not self.search.has_several_objectives:
            return set()
        return front_of(self.search).keys

    @property
    def is_active(self) -> bool:
        """Of a stopped search the last trials end a little later."""
        active = any(search.is_active for search in self.searches)
        return active or self.trials().active().exists()

    @property
    def pk(self) -> Any:
        """What tells its shared pieces of pages apart from others'."""
        return (self.project.pk, *self.by_key) if self.is_project else self.search.pk

    @property
    def revision(self) -> int:
        """Grows with all news."""
        return sum(search.revision for search in self.searches)

    @property
    def caption(self) -> str:
        return str(self.project if self.is_project else self.search)

    @property
    def table_url(self) -> str:
        if self.is_project:
            return reverse("project-trials", args=[self.project.pk])
        return reverse("trial-list", args=[self.search])

    @property
    def columns_url(self) -> str:
        return f"{self.table_url}columns/"

    def column_url(self, key: str) -> str:
        return f"{self.columns_url}{quote(key, safe=_UNQUOTED)}/"

    @property
    def views_url(self) -> str:
        if self.is_project:
            return f"{self.table_url}views/"
        return reverse("view-list", args=[self.search])

    @property
    def plots_url(self) -> str:
        """Where the figures of plots are: `<name>.json`."""
        if self.is_project:
            return f"{self.table_url}plots/"
        return f"{reverse('search-detail', args=[self.search])}plots/"


def search_scope(search: Search) -> Scope:
    return Scope(search.project, (search,))


def project_scope(project: Project, objective: str = "") -> Scope | None:
    """The searches of a project with this objective, else with that of its newest search; None
    without any search."""
    rows = project.searches.defer("oracle_state").order_by("-number")
    searches = list(rows[:MAX_SEARCHES])
    if not searches:
        return None
    groups: dict[str, list[Search]] = {}
    for search in searches:
        search.project = project
        groups.setdefault(objective_key(search), []).append(search)
    objectives = tuple(Objective(key, _caption(of[0]), len(of)) for key, of in groups.items())
    chosen = groups.get(objective) or groups[objectives[0].key]
    _share_inspections(chosen)
    return Scope(project, tuple(chosen), objectives)


def objective_key(search: Search) -> str:
    """ "max:val_accuracy", cross-validated "max:val_accuracy:folds"; of estimators the scorer:
    "max:f1_macro:folds"."""
    parts = [search.direction, search.scoring or search.objective]
    parts = [*parts, "folds"] if search.scoring or search.cross_validated else parts
    others = [f"{each.direction}:{each.name}" for each in search.objectives[1:]]
    return "+".join([":".join(parts), *others])


def _caption(search: Search) -> str:
    if search.has_several_objectives:
        return search.objectives_text
    better = "higher" if search.direction == Search.Direction.MAX else "lower"
    folds = ", cross-validated" if search.cross_validated else ""
    return f"{search.score_name}{folds} ({better} is better)"


def _share_inspections(searches: list[Search]) -> None:
    """Searches of one version of the template know the same of it: a query for each version."""
    known: dict[int, Any] = {}
    for search in searches:
        if search.hypermodel_id is None:
            continue
        if search.hypermodel_id not in known:
            known[search.hypermodel_id] = search.inspection
        search.__dict__["inspection"] = known[search.hypermodel_id]
