"""Model templates."""

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tuning.models import HyperModel
from tuning.views.access import visible_or_404

from . import rows
from .paging import Cursor, Limit, Page, page_of
from .schemas import TemplateOut, TemplateWithCode

router = Router(tags=["Templates"])


@router.get("/templates", response=Page[TemplateOut])
def list_templates(
    request: HttpRequest, name: str = "", limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The newest version of each template, built-in ones and those of your teams."""
    found = HyperModel.objects.visible_to(request.user).current().select_related("team")
    found = found.filter(name=name) if name else found
    make = lambda row: rows.template(request, row)  # noqa: E731
    return page_of(request, found.defer("code"), make, limit, cursor)


@router.get("/templates/{int:template}", response=TemplateWithCode)
def show_template(request: HttpRequest, template: int) -> dict[str, Any]:
    """A version of a template with its code."""
    row = visible_or_404(request, HyperModel.objects.select_related("team"), template)
    return rows.template(request, row) | {"code": row.code}
