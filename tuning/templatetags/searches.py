"""The head of a search's pages, which is the same on each of its tabs."""

from typing import Any

from django import template

from tuning.analysis.notes import kind_of, star_info, tags_info
from tuning.analysis.search_names import origin_text, telling_name
from tuning.models import Comment, Search

register = template.Library()
register.filter(telling_name)
register.filter(origin_text)


@register.filter
def comment_count(search: Search) -> int:
    return Comment.objects.of(search).count()


@register.inclusion_tag("notes/_marks_bar.html", takes_context=True)
def search_marks(context: Any, search: Search) -> dict[str, Any]:
    """{% search_marks search %}: its star and its tags."""
    user = context["user"]
    info = star_info(user, search) | tags_info(user, search)
    return {"subject": search, "kind": kind_of(search), **info}
