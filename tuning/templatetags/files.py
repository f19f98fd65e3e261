"""What pages say of their files."""

from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag(takes_context=True)
def notice_of_lacking_files(context: Any, content: SafeString) -> SafeString:
    """The content below a notice, if files were lacking until its end: they may be missed by the
    content itself."""
    lacking = getattr(context.get("request"), "lacking_files", None)
    return render_to_string("includes/lacking_files.html") + content if lacking else content
