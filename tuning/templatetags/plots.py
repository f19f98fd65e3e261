"""The plots that a page offers."""

from collections.abc import Iterable

from django import template

from tuning.analysis.plots import Plot, plots_for
from tuning.analysis.trials.selection import Selection

register = template.Library()


@register.simple_tag
def all_plots(selection: Selection) -> Iterable[Plot]:
    return plots_for(selection)
