"""{% export_menu selection %}: the files that a selection of trials can be had as."""

from typing import Any

from django import template

from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.exports.snippet import pandas_snippet
from tuning.analysis.trials.selection import Selection

register = template.Library()


@register.inclusion_tag("trials/_exports.html")
def export_menu(selection: Selection) -> dict[str, Any]:
    query = selection.query(page=1)
    start = f"?{query}&" if query else "?"
    return {
        "formats": [(format, f"{start}format={format.name}") for format in FORMATS.values()],
        "snippet": pandas_snippet(selection.search),
    }
