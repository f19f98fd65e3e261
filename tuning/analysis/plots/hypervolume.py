"""The hypervolume that the Pareto front dominates, trial by trial: it grows with each trial that
improves the front. Of all completed trials of the search, whatever is filtered."""

from typing import Any

from tuning.analysis.front import judged_trials, losses
from tuning.analysis.pareto import hypervolumes
from tuning.analysis.trials.selection import Selection
from tuning.figures import figure, in_words
from tuning.protocol.measured import label_of
from tuning.protocol.metrics import MAX

from .given import Given
from .points import rounded

# Three and four objectives take a slice for each trial of the front.
MAX_STEPS = {2: 500, 3: 60, 4: 20}


def hypervolume_info(selection: Selection, _given: Given) -> dict[str, Any]:
    """The trials that improved the front, and the `volumes` from each on. The reference point has
    the worst value of each objective among completed trials."""
    search = selection.search
    trials = judged_trials(search) if search.has_several_objectives else []
    if not trials:
        return {"pk": [], "number": [], "total": 0, "note": "", "volumes": []}
    points = losses(search, trials)
    reference = tuple(max(column) for column in zip(*points, strict=True))
    steps = list(hypervolumes(points, reference, MAX_STEPS[len(reference)]))
    worst = [
        f"{label_of(each.name)} {figure(-loss if each.direction == MAX else loss)}"
        for each, loss in zip(search.objectives, reference, strict=True)
    ]
    return {
        "pk": [trials[place].pk for place, _ in steps],
        "number": [trials[place].number for place, _ in steps],
        "total": len(trials),
        "last": trials[-1].number,
        "volumes": [rounded(volume) for _, volume in steps],
        "note": f"Reference point: {in_words(worst)}, the worst values of completed trials.",
    }
