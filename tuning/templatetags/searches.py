"""The head of a search's pages, which is the same on each of its tabs."""

from django import template

from tuning.analysis.search_names import origin_text, telling_name
from tuning.models import Comment, Search

register = template.Library()
register.filter(telling_name)
register.filter(origin_text)


@register.filter
def comment_count(search: Search) -> int:
    return Comment.objects.of(search).count()
