"""Icons of the set Lucide (ISC licence), written into the page: no further request, no font."""

from functools import cache

from django import template
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
@cache
def icon(name: str, size: int = 16) -> SafeString:
    """{% icon "play" %} before a label, which says the same: icons are hidden from screen readers.
    Its size is in its attributes, so that nothing moves before the stylesheet comes."""
    attributes = {"class": "icon", "aria-hidden": "true", "focusable": "false"}
    svg = lucide(name, size=size, **attributes)
    return mark_safe("".join(line.strip() for line in svg.splitlines()))  # noqa: S308
