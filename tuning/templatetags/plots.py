"""The plots that a page offers."""

from collections.abc import Iterable

from django import template

from tuning.analysis.plots import PLOTS, Plot

register = template.Library()


@register.simple_tag
def all_plots() -> Iterable[Plot]:
    return PLOTS.values()
