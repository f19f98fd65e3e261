"""Warm start: finished trials of an earlier search that a new search begins with.

They are not run again, and its strategy learns from their scores. So the scores must be comparable:
same template, same data, same training settings. Of a search that did not run here only a person
can know that: it has to have the same objectives, and a warm start is never proposed.

Warm-start trials (`Search.warm_start_trials`): completed trials of the earlier search, and of what
that one began with, whose values the new space takes and whose scores compare: same version,
objective and training settings, no rounds of Hyperband. At the first claim they become part of the
strategy's state (`state["fed"]`), as if they had run there: Optuna's samplers have them in their
study, the random oracle does not repeat them, the Bayesian counts them among its first points,
and both suggest what KerasTuner would after running them
(`tests/supervisor/test_fed_oracles.py`). A grid that comes to such a combination gets its result
and is asked again. So their rows may be deleted later. They are none of `max_trials`. Hyperband
cannot begin with finished trials. At most 300 (Bayesian; its cost grows with n³) or 1,000 are
used, from the best to the worst. If the defaults are among them there is no baseline.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from tuning.figures import in_words, setting
from tuning.models import Search, Trial, TrialIndex
from tuning.models.trial_index import as_text
from tuning.protocol.statuses import Status
from tuning.spaces.hyperparameters import Hyperparameter, read_space
from tuning.strategies.traits import Traits

from .search_names import origin_text

# Compared with the space value by value while a person waits for the form.
MAX_COMPARED = 5000

# What a score depends on besides the values, the template and the data.
_TRAINING = {
    "objective": "the objective", "direction": "the direction", "epochs": "epochs",
    "executions_per_trial": "executions per trial", "batch_size": "batch size",
    "early_stopping_metric": "early stopping", "early_stopping_patience": "patience",
}  # fmt: skip
_ELSEWHERE = "Use them only if they were trained on this project’s data with the same settings."
_CROSS_VALIDATION = {"scoring": "scoring", "folds": "folds"}
_IN_FOLDS = {**_TRAINING, "validation_text": "validation"}


@dataclass(frozen=True)
class WarmStart:
    """`trials` by key; `inside` is how many different ones lie in the space, at least (`or_more`)
    if there were too many to look at. `learns` is whether the tuner looks at scores, `elsewhere`
    whether they did not run here. `refusal` says why there are none."""

    trials: tuple[int, ...] = ()
    inside: int = 0
    or_more: bool = False
    learns: bool = False
    elsewhere: bool = False
    refusal: str = ""

    @property
    def sentence(self) -> str:
        """What would be done with them."""
        if len(self.trials) == self.inside:
            learns = ", and the strategy learns from their scores" if self.learns else ""
            uses = f"They are not trained again{learns}."
        else:
            uses = (
                f"Uses {len(self.trials):,} of {self.inside:,}{' or more' if self.or_more else ''} "
                "trials inside the new space, from best to worst. More would slow down suggestions."
            )
        return f"{uses} {_ELSEWHERE}" if self.elsewhere else uses


class Fitting:
    """Decides whether a trial's values are values of a space, as KerasTuner would write them."""

    def __init__(
        self, space: dict[str, Any], strategy: Traits, defines_by_run: bool = False
    ) -> None:
        """`defines_by_run`: any of the hyperparameters may be missing in a trial."""
        self.parameters = read_space(space)
        self.grid = strategy.enumerates
        self._defines_by_run = defines_by_run

    def values(self, values: dict[str, Any]) -> dict[str, Any] | None:
        """The values of what is active, in the space's own rounding; None if one lies outside."""
        found: dict[str, Any] = {}
        for parameter in self.parameters:
            if not parameter.is_active(found):
                continue
            if self._defines_by_run and values.get(parameter.name) is None:
                continue
            value = parameter.closest(values.get(parameter.name))
            if value is None or (self.grid and not parameter.in_grid(value)):
                return None
            found[parameter.name] = value
        # A value that is not active here trained another model.
        known = {name for name, value in values.items() if value is not None}
        return found if known == found.keys() else None


def warm_start(earlier: Search, new: Search) -> WarmStart:
    """What `new`, which need not be saved, can begin with of `earlier` and of what that one itself
    began with."""
    refusal = _refusal(earlier, new)
    if refusal:
        return WarmStart(refusal=refusal)
    fits = Fitting(new.space, new.strategy, new.kind.defines_by_run)
    ranked = _ranked(earlier, fits.parameters)
    candidates = _evenly(ranked, MAX_COMPARED)
    rows = {row.pk: row for row in _light(candidates)}
    inside: dict[str, int] = {}
    for pk in candidates:
        # Hyperband compares models that trained for a round only.
        whole = rows[pk].tuner_values.get("tuner/epochs", earlier.epochs) == earlier.epochs
        values = fits.values(rows[pk].values) if whole else None
        if values is not None:
            inside.setdefault(repr(values), pk)
    learns = new.strategy.learns
    chosen = _evenly(list(inside.values()), new.strategy.max_warm_start)
    if chosen:
        more = len(ranked) > len(candidates)
        return WarmStart(tuple(chosen), len(inside), more, learns, not earlier.runs_here)
    grid = " of the grid" if fits.grid else ""
    return WarmStart(
        refusal=f"No completed trial of search {earlier.number} has values{grid} inside this space."
    )


def _refusal(earlier: Search, new: Search) -> str:
    number = earlier.number
    if not new.strategy.max_warm_start:
        return new.strategy.warm_start_refusal
    if earlier.runs_here and earlier.hypermodel_id != new.hypermodel_id:
        return (
            f"Search {number} used another version of the template, so the scores cannot be "
            "compared."
        )
    if earlier.other_objectives != new.other_objectives:
        return f"Search {number} has other objectives, so its trials cannot be compared."
    if not earlier.runs_here:
        return _refused_elsewhere(earlier, new)
    names = _TRAINING if new.kind.has_epochs else _CROSS_VALIDATION
    if new.cross_validated or earlier.cross_validated:
        names = _IN_FOLDS
    others = [
        f"{words} is {_said(new, name)} here and {_said(earlier, name)} there"
        for name, words in names.items()
        if getattr(new, name) != getattr(earlier, name)
        and not (name == "early_stopping_patience" and not new.early_stopping_metric)
    ]
    if others:
        return f"The scores of search {number} cannot be compared: {in_words(others)}."
    return ""


def _refused_elsewhere(earlier: Search, new: Search) -> str:
    """Its settings are not known, only what it optimised."""
    if earlier.objective in (new.objective, new.scoring) and earlier.direction == new.direction:
        return ""
    return (
        f"The scores of search {earlier.number} cannot be compared: it was {origin_text(earlier)} "
        f"with the objective {earlier.objective} ({earlier.direction}), here it is "
        f"{new.score_name} ({new.direction})."
    )


def _said(search: Search, name: str) -> str:
    return setting(getattr(search, name)) or "off"


def _ranked(earlier: Search, space: list[Hyperparameter]) -> list[int]:
    """Completed trials by key that may lie in the space, best first. The cells tell most of those
    that do not, without a look at any trial's JSON."""
    before = Search.objects.filter(trials__fed_to=earlier).distinct()
    found: list[tuple[float, int]] = []
    for search in [earlier, *before.only("pk", "index_columns")]:
        cells = TrialIndex.objects.filter(
            _inside(search, space), search=search, status=Status.COMPLETED, score__isnull=False
        )
        if search.pk != earlier.pk:
            cells = cells.filter(trial__fed_to=earlier)
        found += cells.values_list("score", "trial_id")
    found.sort(key=lambda item: item[0], reverse=earlier.direction == Search.Direction.MAX)
    return [pk for _, pk in found]


def _inside(search: Search, space: list[Hyperparameter]) -> Q:
    condition = Q()
    for parameter in space:
        slot = search.index_columns.get(f"hp:{parameter.name}")
        if slot is None or sum(p.name == parameter.name for p in space) > 1:
            continue
        empty = Q(**{f"{slot}__isnull": True})
        if slot.startswith("t"):
            texts = [as_text(value) for value in parameter.listed or ()]
            condition &= empty | Q(**{f"{slot}__in": texts})
        elif parameter.listed is not None:
            condition &= empty | Q(**{f"{slot}__in": [float(v) for v in parameter.listed]})
        else:
            low, high = parameter.config["min_value"], parameter.config["max_value"]
            rounding = 1e-9 * (high - low)
            condition &= empty | Q(**{f"{slot}__range": (low - rounding, high + rounding)})
    return condition


def _light(pks: Sequence[int]) -> Iterator[Trial]:
    """In pieces: SQLite takes no more than some 30,000 parameters."""
    for start in range(0, len(pks), 1000):
        chunk = pks[start : start + 1000]
        yield from Trial.objects.filter(pk__in=chunk).only("values", "tuner_values")


def _evenly(ranked: Sequence[int], most: int) -> list[int]:
    """At most so many, from the first to the last: the best alone would not teach what is bad."""
    if len(ranked) <= most:
        return list(ranked)
    return [ranked[index * (len(ranked) - 1) // (most - 1)] for index in range(most)]
