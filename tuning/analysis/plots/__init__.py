"""The plots of a selection of trials. Pages, addresses and the help page are made of PLOTS; the
script of the same name in static/js/plots draws what `info` returns.

One plot is `tuning/analysis/plots/<name>.py` (figures as plain lists),
`static/js/plots/<name>.js` (what Plotly is to draw) and a test of the same name; `PLOTS` lists
them for the page, the addresses and the help. Everything that a person chooses is in the URL
(`plot=`, `plot.<name>.<option>=`): `board.js` asks `selection.js` for another address and draws
what the address then says. Rows that are ticked in the table (`chosen.js` keeps them in the tab)
come into the address as `plot.curves.trial=` while the learning curves are open. News are fetched
with `since=`; a plot takes at most a tenth of the browser's time while it follows, and none while
a person drags in it.

plotly.js's WebGL traces (`parcoords`, `splom`, `scattergl`) make their programs with eval and its
colour bars write inline styles; our Content-Security-Policy refuses both. So points are SVG, at
most some thousand of them with a sentence about the sample, and parallel coordinates of more than
1,000 trials are a picture (`raster.js`, pixel by pixel, lines of one shade in one place only
once) behind Plotly's axes. Contours are means over a grid of at most 30 x 30.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tuning.analysis.trials.selection import Selection
from tuning.models import Trial

from . import contour, curves, distribution, matrix, parallel, pareto, slice
from .given import Given, Option
from .history import history_info
from .hypervolume import hypervolume_info
from .importances import METHOD, OBJECTIVE, importances_info
from .timeline import timeline_info


@dataclass(frozen=True)
class Plot:
    """`help` is one sentence or two. `tall` plots need more room; `of_several` ones need several
    objectives."""

    name: str
    caption: str
    help: str
    make: Callable[[Selection, Given], dict[str, Any]]
    options: tuple[Option, ...] = ()
    tall: bool = False
    of_several: bool = False

    def info(self, selection: Selection) -> dict[str, Any]:
        """Plain lists, ready for JSON: `pk` and `number` of the trials, `total`, a `note`, what the
        plot's script draws, and `options` with what can be chosen and what is."""
        given = Given(selection, self.name)
        info = self.make(selection, given)
        if selection.scope.is_project:
            _name_trials(info)
        used, choices = info.pop("used", {}), info.pop("choices", {})
        options = [
            {
                "name": option.name, "label": option.label, "kind": option.kind,
                "most": option.most, "step": option.step,
                "choices": choices.get(option.name) or option.choices_of(selection),
                "chosen": used.get(option.name) or given.texts(option.name),
            }
            for option in self.options
        ]  # fmt: skip
        return {**info, "options": options}


def _name_trials(info: dict[str, Any]) -> None:
    """`names` beside the numbers, which several searches have: 2.17 is trial 17 of search 2."""
    lists = {"names": "pk", "failed_names": "failed_pk", "pruned_names": "pruned_pk"}
    keys = {pk for of in lists.values() for pk in info.get(of, ())}
    rows = Trial.objects.filter(pk__in=keys).values_list("pk", "search__number", "number")
    known = {pk: f"{search}.{number}" for pk, search, number in rows}
    for name, of in lists.items():
        if of in info:
            info[name] = [known.get(pk, "") for pk in info[of]]
    for curve in info.get("curves", ()):
        if curve.get("pk") in known:
            curve["number"] = known[curve["pk"]]


def plots_for(selection: Selection) -> list[Plot]:
    """Those that a page about these trials offers."""
    several = selection.search.has_several_objectives and not selection.scope.is_project
    return [plot for plot in PLOTS.values() if several or not plot.of_several]


PLOTS: dict[str, Plot] = {
    plot.name: plot
    for plot in (
        Plot(
            "history", "Objective history",
            "Score of each trial, and the best score so far.",
            history_info,
        ),
        Plot(
            "pareto", "Pareto front",
            "Two objectives of each trial. No other trial beats those on the front in all of them.",
            pareto.pareto_info, pareto.OPTIONS, of_several=True,
        ),
        Plot(
            "hypervolume", "Hypervolume",
            "How far the Pareto front has come, by trial. Higher is better.",
            hypervolume_info, of_several=True,
        ),
        Plot(
            "parallel", "Parallel coordinates",
            "Each line is a trial. Drag along an axis to filter. Drag an axis name, or open "
            "“Axes”, to reorder.",
            parallel.parallel_info, (parallel.AXES, parallel.COLOUR), tall=True,
        ),
        Plot(
            "importances", "Importances",
            "Effect of each hyperparameter on the score, or on another objective.",
            importances_info, (METHOD, OBJECTIVE),
        ),
        Plot(
            "slice", "Slice",
            "Score by hyperparameter, coloured from early to late trials.",
            slice.slice_info, (slice.AXES, slice.FIGURE),
        ),
        Plot(
            "contour", "Contour",
            "Mean score by two hyperparameters. Points are trials.",
            contour.contour_info, (contour.X, contour.Y, contour.FIGURE),
        ),
        Plot(
            "matrix", "Scatter-plot matrix",
            "Pairwise scatter plots, coloured by score.",
            matrix.matrix_info, (matrix.COLUMNS,), tall=True,
        ),
        Plot(
            "curves", "Learning curves",
            "Metric by epoch for the selected trials, or the first trials of the table.",
            curves.curves_info,
            (curves.METRIC, curves.COUNT, curves.SMOOTHING, curves.LOG),
        ),
        Plot(
            "distribution", "Distribution",
            "Share of trials with at most a given score.",
            distribution.distribution_info, (distribution.SEARCHES,),
        ),
        Plot(
            "timeline", "Timeline",
            "When and on which worker slot each trial ran.",
            timeline_info,
        ),
    )
}  # fmt: skip
