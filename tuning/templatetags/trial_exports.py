"""{% export_menu selection %}: the files that a selection of trials can be had as. `site` in the
context is where scripts find this site: https://tuneroom.example.org."""

from typing import Any

from django import template
from django.urls import reverse

from tuning.analysis.trials.exports import FORMATS
from tuning.analysis.trials.exports.snippet import pandas_snippet, script_snippet
from tuning.analysis.trials.selection import PLAIN, Selection

register = template.Library()


@register.inclusion_tag("trials/_exports.html", takes_context=True)
def export_menu(context: dict[str, Any], selection: Selection) -> dict[str, Any]:
    # The bare address is that of the project's default view.
    start = f"?{selection.query(page=1) or f'view={PLAIN}'}&"
    page = context["site"] + reverse("trial-list", args=[selection.search.pk])
    return {
        "formats": [(format, f"{start}format={format.name}") for format in FORMATS.values()],
        "snippet": pandas_snippet(selection.search),
        "script": script_snippet(f"{page}{start}format=parquet"),
    }
