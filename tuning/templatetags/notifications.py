"""The bell in the site's head."""

from typing import Any

from django import template

from tuning.analysis.notifications import bell_info

register = template.Library()


@register.inclusion_tag("notifications/_bell.html", takes_context=True)
def notification_bell(context: Any) -> dict[str, Any]:
    """One query, asked by whole pages only: fragments have no head."""
    return bell_info(context["user"])
