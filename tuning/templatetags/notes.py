"""Notes of a trial or a search: star and tags beside its title, comments below."""

from typing import Any

from django import template

from tuning.analysis.comments import thread_info
from tuning.analysis.notes import kind_of, star_info, tags_info
from tuning.models.notes import Subject

register = template.Library()


@register.inclusion_tag("notes/_marks_bar.html", takes_context=True)
def marks_bar(context: Any, subject: Subject) -> dict[str, Any]:
    """{% marks_bar trial %}: its star and its tags."""
    user = context["user"]
    info = star_info(user, subject) | tags_info(user, subject)
    return {"subject": subject, "kind": kind_of(subject), **info}


@register.inclusion_tag("notes/_comments.html", takes_context=True)
def comments(context: Any, subject: Subject) -> dict[str, Any]:
    """{% comments trial %}: its thread, folded."""
    info = thread_info(context["user"], subject)
    return {"subject": subject, "kind": kind_of(subject), **info}
