"""The gallery as administrators fill it. To everybody else there are no such pages."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from tuning.actions import gallery as actions
from tuning.analysis.gallery import gallery_items, item_of
from tuning.models import Dataset, HyperModel

from .people import for_administrators

KINDS: dict[str, Any] = {
    "dataset": Dataset.objects.exclude(team=None).exclude(folder="").select_related("team"),
    "hypermodel": HyperModel.objects.exclude(team=None).select_related("team", "created_by"),
}


@for_administrators
@require_GET
def gallery_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").replace("\x00", "").strip()
    context = {
        "text": text,
        "published": gallery_items(text, published=True),
        "others": gallery_items(text, published=False),
    }
    return render(request, "gallery/list.html", context)


@for_administrators
@require_http_methods(["GET", "POST"])
def gallery_item(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """GET shows what would be published, POST publishes it or takes it out of the gallery."""
    row = get_object_or_404(KINDS[kind].all(), pk=pk)
    if request.method == "GET":
        return render(request, "gallery/item.html", {"item": item_of(row), "row": row})
    if request.POST.get("publish") != "1":
        actions.unpublish(row)
        messages.success(request, f"“{row}” is no longer in the gallery.")
    elif refusal := actions.publish(row):
        messages.error(request, refusal)
    else:
        messages.success(request, f"“{row}” is in the gallery. All teams can use it.")
    return redirect("gallery-list")
