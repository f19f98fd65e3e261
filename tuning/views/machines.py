"""Machines that join the site: administrators add and remove them; a machine joins by its token."""

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from tuning.actions import machines as actions
from tuning.forms.machines import MachineForm
from tuning.models import Machine

from .people import for_administrators


@for_administrators
@require_http_methods(["GET", "POST"])
@never_cache
def machine_create(request: HttpRequest) -> HttpResponse:
    """POST makes a token, which is in the answer and never again."""
    form = MachineForm(request.POST or None)
    obstacle = actions.obstacle()
    context: dict[str, Any] = {"form": form, "obstacle": obstacle}
    if request.method == "POST" and form.is_valid() and not obstacle:
        given = form.cleaned_data
        token = actions.add_machine(request.user, given["name"], given["hours"])
        site = request.build_absolute_uri("/")[:-1]
        context |= {"made": given["name"], "words": f"worker --join {site} --token {token}"}
    status = 422 if form.errors or (request.method == "POST" and obstacle) else 200
    return render(request, "workers/add_machine.html", context, status=status)


@for_administrators
@require_http_methods(["GET", "POST"])
def machine_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    machine = get_object_or_404(Machine, pk=pk)
    if request.method == "GET":
        return render(request, "workers/remove_machine.html", {"machine": machine})
    try:
        actions.remove(machine, request.user)
    except actions.NotRemoved as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Machine “{machine.name}” was removed.")
    return redirect("worker-list")


@login_not_required
@csrf_exempt
@never_cache
@require_POST
def machine_join(request: HttpRequest) -> JsonResponse:
    """For `manage.py worker --join`: what the machine needs, for a token in the body."""
    try:
        body = json.loads(request.body)
        token, protocol, host = str(body["token"]), int(body["protocol"]), str(body["host"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return JsonResponse({"error": "Send token, protocol and host as JSON."}, status=400)
    # PostgreSQL takes neither NUL nor half a pair of surrogates.
    host = host.replace("\x00", "").encode(errors="replace").decode()[:255]
    try:
        return JsonResponse(actions.join(token, protocol, host))
    except actions.JoinRefused as refusal:
        return JsonResponse({"error": str(refusal)}, status=403)
