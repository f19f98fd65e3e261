"""{% export_menu selection page %}: the files that a selection of trials can be had as."""

from typing import Any

from django import template

from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.exports.snippet import pandas_snippet, script_snippet
from tuning.analysis.trials.selection import PLAIN, Selection

register = template.Library()


@register.inclusion_tag("trials/_exports.html")
def export_menu(selection: Selection, page: str) -> dict[str, Any]:
    """`page` is the whole address of the table, for scripts elsewhere."""
    # The bare address is that of the project's default view.
    start = f"?{selection.query(page=1) or f'view={PLAIN}'}&"
    return {
        "formats": [(format, f"{start}format={format.name}") for format in FORMATS.values()],
        "snippet": pandas_snippet(selection.scope),
        "script": script_snippet(f"{page}{start}format=parquet"),
    }
