"""The panel of notes."""

from typing import Any

from django import template

from tuning.analysis.comments import thread_info
from tuning.analysis.notes import kind_of, star_info, tags_info
from tuning.models.notes import Subject

register = template.Library()


@register.inclusion_tag("notes/_panel.html", takes_context=True)
def notes_panel(context: Any, subject: Subject) -> dict[str, Any]:
    """{% notes_panel trial %}: star, tags and comments of a trial or a search."""
    user = context["user"]
    return {
        "subject": subject,
        "kind": kind_of(subject),
        **star_info(user, subject),
        **tags_info(user, subject),
        **thread_info(user, subject),
    }
