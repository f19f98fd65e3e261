"""What a new search begins with when it is made from an earlier one: the address of its form says.

?search=7                                  the settings and the space of search 7
?search=7&refine=1&score__top=10%25        its space narrowed to what those trials span
?search=7&widen=3.high                     the upper end of its fourth hyperparameter widened
?search=7&exclude=3.from.0.03              without values from 0.03 on (to: up to, is: a choice)

The form of a new search may begin with an earlier one (`?search=7`); its address says how
(`tuning/analysis/refinement.py`): the filters of a selection with `refine`, an end of a range
with `widen`, a region with `exclude`. All three become edits, and the form is the same as for any
search.

- `tuning/spaces/narrowing.py`: the span of some trials' values. What was given lies inside and
  nothing new comes in, which hypothesis holds, with KerasTuner's own classes as well. Bounds of
  continuous ranges keep two digits, outwards. KerasTuner divides ranges by steps with `//`, so
  that 0.3 to 0.5 in steps of 0.1 would lose 0.5: several ways to write a range are tried, at last
  a list.
- `tuning/spaces/shares.py`: how much smaller a space is: combinations, and of continuous ranges
  the share that KerasTuner's sampling would put there.
- `edges.py`: where the best tenth sit at a border more often than uniform sampling would give
  (binomial, over all borders at most one false alarm in 20 searches), if `edited` takes more
  beyond it.
- `failed_values.py`: the trials of a reason with their values, and what all of them share where
  there is no pattern.
- `failure_map.py`: for each reason (code and message without its numbers) the regions with a much
  higher share of failures (Fisher's test, over all regions tried one in a hundred by chance). It
  counts trials that have the hyperparameter in use and did not fail otherwise. Sets of trials are
  bits of one number each.
- `search_lineage.py`: `Search.refined_from` as trees. A deleted search leaves its refinements as
  roots.
"""

import math
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from tuning.figures import counted, in_words
from tuning.models import Search, Trial
from tuning.spaces.edits import Edit, Range, Refused, Values, edited, edited_parameter, governed
from tuning.spaces.hyperparameters import Hyperparameter, read_space
from tuning.spaces.narrowing import narrowed
from tuning.spaces.shares import side_by_side
from tuning.strategies.traits import Name, traits_of

from .edges import widened
from .search_names import origin_text
from .trials.selection import Selection

MAX_EDITS = 50
# That a sentence lists.
MAX_NAMES = 12
# What a name in an address can be at most.
MAX_KEY = 300


@dataclass(frozen=True)
class Beginning:
    """`space` is what the form shows first; `changed` whether it was asked to differ from the
    earlier one. `sentence` and `notes` say what was done and what could not be; `query` leads to
    the trials whose span it is."""

    earlier: Search
    space: dict[str, Any]
    changed: bool = False
    sentence: str = ""
    notes: tuple[str, ...] = ()
    query: str = ""

    @property
    def caption(self) -> str:
        return traits_of(self.tuner).caption

    @property
    def tuner(self) -> str:
        """The proposal: what tries values without looking at scores is followed by what does."""
        blind = not self.earlier.strategy.learns
        return Name.AUTO if self.changed and blind else self.earlier.tuner


def import_refusal(earlier: Search, space: dict[str, Any]) -> str:
    """Why a new search in this `space` cannot begin with one that was imported or logged: its
    hyperparameters are others. Empty if it can."""
    if earlier.runs_here:
        return ""
    theirs, ours = ([p.name for p in read_space(each)] for each in (earlier.space, space))
    unknown = [name for name in theirs if name not in ours]
    if theirs and not unknown:
        return ""
    missing = [name for name in ours if name not in theirs]
    parts = [f"Search {earlier.number} was {origin_text(earlier)}, and its hyperparameters differ."]
    if unknown:
        parts.append(f"Only in search {earlier.number}: {in_words(unknown[:MAX_NAMES])}.")
    if missing:
        parts.append(f"Only in the template: {in_words(missing[:MAX_NAMES])}.")
    return " ".join(parts)


def beginning(earlier: Search, query: QueryDict, user: Any) -> Beginning:
    if "refine" in query:
        return _refined(earlier, query, user)
    widen, exclude = query.getlist("widen"), query.getlist("exclude")
    if widen or exclude:
        return _edited(earlier, widen[:MAX_EDITS], exclude[:MAX_EDITS])
    return Beginning(earlier, earlier.space)


def exclusion(space: dict[str, Any], key: str) -> tuple[int, Edit] | None:
    """The edit that takes a region (see `failure_map.Side.key`) out of a space; None if it makes no
    sense or leaves nothing."""
    place, _, region = key[:MAX_KEY].partition(".")
    way, _, text = region.partition(".")
    parameters = read_space(space)
    if not place.isdecimal() or len(place) > 4 or int(place) >= len(parameters):
        return None
    parameter = parameters[int(place)]
    edit = _without(parameter, way, text)
    if edit is None:
        return None
    try:
        edited_parameter(parameter, edit, governed(parameters, parameter.name))
    except Refused:
        return None
    return int(place), edit


def _refined(earlier: Search, query: QueryDict, user: Any) -> Beginning:
    selection = Selection.read(earlier, query, user)
    chosen = selection.index_rows().values("trial_id")
    values = list(Trial.objects.filter(pk__in=chosen).values_list("values", flat=True))
    notes = list(selection.problems)
    if not values:
        notes.append("No trial matches these filters, so the space was not narrowed.")
        return Beginning(earlier, earlier.space, True, "", tuple(notes))
    found = narrowed(earlier.space, values)
    which = f"{len(values):,} of {counted(selection.total, 'trial')} of search {earlier.number}"
    these = f": {selection.sentence}." if selection.filters else "."
    if found.idle:
        notes.append(f"None of them uses {in_words(list(found.idle))}. The range is unchanged.")
    space = edited(earlier.space, found.edits)
    both = side_by_side(earlier.space, space)
    if all(line.share == 1 for line in both.changed):
        sentence = f"The space is unchanged: {which} span all of it{these}"
    else:
        sentence = f"Narrowed to the range of {which}{these}"
    return Beginning(earlier, space, True, sentence, tuple(notes), selection.filter_query)


def _edited(earlier: Search, widen: list[str], exclude: list[str]) -> Beginning:
    space = earlier.space
    said: list[str] = []
    notes: list[str] = []
    for key in exclude:
        cut = exclusion(space, key)
        if cut is None:
            notes.append(
                "The region was not excluded because no values of the hyperparameter would remain."
            )
            continue
        space = edited(space, dict([cut]))
        parameter = read_space(space)[cut[0]]
        said.append(f"{parameter.name} is now {parameter.range_text}")
    for key in widen:
        place, _, end = key[:MAX_KEY].partition(".")
        number = int(place) if place.isdecimal() and len(place) <= 4 else -1
        changed = widened(space, _own(earlier), number, end) if earlier.runs_here else None
        if changed is None:
            notes.append(
                "The range was not widened because the template does not allow values outside it."
            )
            continue
        entries = list(space["space"])
        entries[number] = {"class_name": changed.kind, "config": changed.config}
        space = {**space, "space": entries}
        said.append(f"{changed.name} is now {changed.range_text}")
    sentence = f"{in_words(said)}." if said else ""
    return Beginning(earlier, space, True, sentence, tuple(dict.fromkeys(notes)))


def _own(search: Search) -> dict[str, Any]:
    own: dict[str, Any] = search.inspection.space
    return own


def _without(parameter: Hyperparameter, way: str, text: str) -> Edit | None:
    if parameter.listed is not None:
        kept = tuple(v for v in parameter.listed if not _holds(v, way, text))
        return Values(kept) if kept and len(kept) < len(parameter.listed) else None
    bound = _number(text)
    config, sampling = parameter.config, parameter.sampling
    low, high = config["min_value"], config["max_value"]
    if bound is None or way not in ("from", "to") or not low <= bound <= high:
        return None
    if parameter.step is not None and (parameter.count or 0) <= 10_000:
        kept = tuple(v for v in sorted(parameter.grid_values) if not _holds(v, way, text))
        if not kept:
            return None
        if sampling == "reverse_log" or len(kept) == 1:
            return Values(kept)
        return Range(kept[0], kept[-1], parameter.step, sampling)
    if parameter.kind == "Int":
        bound = math.ceil(bound) - 1 if way == "from" else math.floor(bound) + 1
    else:
        # Few digits, on the far side of the bound.
        unit = 10.0 ** (math.floor(math.log10(abs(bound) or 1.0)) - 2)
        rounded = (math.floor if way == "from" else math.ceil)(bound / unit) * unit
        rounded = float(f"{rounded:.12g}")
        bound = rounded if low < rounded < high else bound
    if not low <= bound <= high:
        return None
    low, high = (low, bound) if way == "from" else (bound, high)
    return Range(low, high, parameter.step, sampling) if low < high else Values((low,))


def _holds(value: Any, way: str, text: str) -> bool:
    """Whether a value lies in a region."""
    if way == "is":
        return repr(value) == text
    bound = _number(text)
    if bound is None or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value >= bound - 1e-12 if way == "from" else value <= bound + 1e-12


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
