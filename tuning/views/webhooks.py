"""Webhooks of a team: for its editors and owners."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tuning.actions import webhooks as actions
from tuning.forms.webhooks import WebhookForm
from tuning.models import Delivery, Team, Webhook

from .access import editable_or_404

MAX_DELIVERIES = 50


@require_http_methods(["GET", "POST"])
@never_cache
def team_webhooks(request: HttpRequest, pk: int) -> HttpResponse:
    """POST makes one, whose secret is in the answer and never again."""
    team = _editable_team(request, pk)
    form = WebhookForm(request.POST or None, team=team, instance=Webhook(team=team))
    made = None
    if request.method == "POST" and form.is_valid():
        made = actions.create_webhook(request.user, form.save(commit=False))
        form = WebhookForm(team=team, instance=Webhook(team=team))
    webhooks = team.webhooks.select_related("project", "created_by")
    # Webhooks stay when their makers leave: owners see whose they are.
    members = set(team.memberships.values_list("user", flat=True))
    context = {
        "team": team, "form": form, "made": made, "webhooks": webhooks, "members": members,
    }  # fmt: skip
    return render(request, "webhooks/list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@never_cache
def webhook_detail(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _editable(request, pk)
    form = WebhookForm(request.POST or None, team=webhook.team, instance=webhook)
    if request.method == "POST" and form.is_valid():
        actions.change_webhook(form.instance, form.changed_data)
        messages.success(request, "Webhook saved.")
        return redirect("webhook-detail", webhook.pk)
    return _page(request, Webhook.objects.get(pk=pk), form)


@require_POST
@never_cache
def webhook_secret(request: HttpRequest, pk: int) -> HttpResponse:
    """The new secret is in the answer and never again."""
    webhook = _editable(request, pk)
    secret = actions.replace_secret(webhook)
    form = WebhookForm(team=webhook.team, instance=webhook)
    return _page(request, webhook, form, secret=secret)


@require_POST
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _editable(request, pk)
    if webhook.disabled_at:
        messages.error(request, "Enable the webhook first.")
    else:
        actions.send_test(webhook, request.user)
    return redirect("webhook-detail", webhook.pk)


@require_POST
def webhook_enable(request: HttpRequest, pk: int) -> HttpResponse:
    webhook = _editable(request, pk)
    actions.enable(webhook)
    messages.success(request, "Webhook enabled.")
    return redirect("webhook-detail", webhook.pk)


@require_http_methods(["GET", "POST"])
def webhook_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks, POST does it."""
    webhook = _editable(request, pk)
    if request.method == "GET":
        return render(request, "webhooks/delete.html", {"webhook": webhook})
    team = webhook.team_id
    actions.delete_webhook(webhook)
    messages.success(request, f"Webhook to {webhook.host} deleted.")
    return redirect("team-webhooks", team)


@require_GET
@never_cache
def webhook_live(request: HttpRequest, pk: int) -> HttpResponse:
    """The table of deliveries, while one is on its way."""
    webhook = _editable(request, pk)
    return render(request, "webhooks/_deliveries.html", _deliveries(webhook))


@require_POST
def delivery_resend(request: HttpRequest, pk: UUID) -> HttpResponse:
    delivery = get_object_or_404(Delivery.objects.visible_to(request.user), pk=pk)
    if _editable(request, delivery.webhook_id).disabled_at:
        messages.error(request, "Enable the webhook first.")
    else:
        actions.resend(delivery)
    return redirect("webhook-detail", delivery.webhook_id)


def _page(request: HttpRequest, webhook: Webhook, form: WebhookForm, **more: Any) -> HttpResponse:
    context = {"webhook": webhook, "form": form, **_deliveries(webhook), **more}
    return render(request, "webhooks/detail.html", context, status=422 if form.errors else 200)


def _deliveries(webhook: Webhook) -> dict[str, Any]:
    rows = list(webhook.deliveries.select_related("event")[:MAX_DELIVERIES])
    waiting = any(row.status == Delivery.Status.WAITING and not row.tries for row in rows)
    return {"webhook": webhook, "deliveries": rows, "is_sending": waiting}


def _editable_team(request: HttpRequest, pk: int) -> Team:
    team: Team = editable_or_404(request, Team.objects.all(), pk)
    return team


def _editable(request: HttpRequest, pk: int) -> Webhook:
    rows = Webhook.objects.select_related("team", "project")
    webhook: Webhook = editable_or_404(request, rows, pk)
    return webhook
