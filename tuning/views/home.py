"""The first page: what runs now, the projects, recent models."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tuning.analysis.home import recent_models, running_now
from tuning.analysis.overview import project_rows
from tuning.analysis.slots import slots
from tuning.models import Project, Team

from .access import may_create

PAGE = 50
# What the list can be sorted by: its name in the address, its caption, its order.
SORTS = {
    "recent": ("Last activity", "-active_at"),
    "name": ("Name", "name"),
    "created": ("Created", "-created_at"),
}


@require_GET
def project_list(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").replace("\x00", "").strip()
    sort = request.GET.get("sort", "")
    sort = sort if sort in SORTS else "recent"
    archived = request.GET.get("archived") == "1"
    visible = Project.objects.visible_to(request.user)
    found = visible.archived() if archived else visible.unarchived()
    found = found.for_list()
    for word in query.split():
        parts = ("name", "description", "dataset__name", "hypermodel__name")
        found = found.filter(Q(*((f"{part}__icontains", word) for part in parts), _connector=Q.OR))
    page = Paginator(found.order_by(SORTS[sort][1], "-pk"), PAGE).get_page(request.GET.get("page"))
    context = _running(request) | {
        "rows": project_rows(page.object_list),
        "page": page,
        "query": query,
        "sort": sort,
        "sorts": [(name, caption) for name, (caption, _) in SORTS.items()],
        "archived": archived,
        "has_archived": visible.archived().exists(),
        "is_empty": not visible.exists(),
        "teams": Team.objects.visible_to(request.user).count(),
        "models": recent_models(request.user),
        "can_create": may_create(request),
    }
    return render(request, "projects/list.html", context)


@require_GET
@never_cache
def home_live(request: HttpRequest) -> HttpResponse:
    """What runs now, for pages that are open."""
    return render(request, "projects/_running.html", _running(request))


def _running(request: HttpRequest) -> dict[str, Any]:
    running, more = running_now(request.user)
    return {"running": running, "more_running": more, "slots": slots()}
