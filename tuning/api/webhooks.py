"""Webhooks of a team: for its editors and owners."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from ninja import Router, Status

from tuning.actions import webhooks as actions
from tuning.forms.webhooks import WebhookForm
from tuning.models import Delivery, Team, Webhook
from tuning.views.access import editable_or_404

from . import rows
from .bodies import body_of, checked
from .paging import Cursor, Limit, Page, page_of
from .problems import Problem
from .schemas import DeliveryOut, WebhookOut, WebhookWithSecret

router = Router(tags=["Webhooks"])

WebhookIn = body_of("WebhookIn", WebhookForm.base_fields)
WebhookChange = body_of("WebhookChange", WebhookForm.base_fields, enabled=(bool | None, None))


@router.get("/teams/{number:team}/webhooks", response=Page[WebhookOut])
def list_webhooks(
    request: HttpRequest, team: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The webhooks of a team, the newest first. For editors and owners."""
    found = _team(request, team).webhooks.all()
    return page_of(request, found, rows.webhook, limit, cursor)


@router.post("/teams/{number:team}/webhooks", response={201: WebhookWithSecret})
def create_webhook(request: HttpRequest, team: int, body: WebhookIn) -> Any:
    """Have events posted to an address. docs/webhooks.md describes requests and signatures."""
    row = _team(request, team)
    make = lambda data, _: WebhookForm(data, team=row, instance=Webhook(team=row))  # noqa: E731
    made = actions.create_webhook(request.user, checked(make, body.given).save(commit=False))
    return Status(201, rows.webhook(made) | {"secret": made.secret})


@router.get("/webhooks/{number:webhook}", response=WebhookOut)
def show_webhook(request: HttpRequest, webhook: int) -> dict[str, Any]:
    """A webhook, without its secret."""
    return rows.webhook(_webhook(request, webhook))


@router.patch("/webhooks/{number:webhook}", response=WebhookOut)
def change_webhook(request: HttpRequest, webhook: int, body: WebhookChange) -> Any:
    """Change a webhook. `enabled`: true, after it was disabled because its receiver failed."""
    row, given = _webhook(request, webhook), body.given
    enabled = given.pop("enabled", None)
    if given:
        form = checked(lambda data, _: WebhookForm(data, team=row.team, instance=row), given)
        actions.change_webhook(form.instance, form.changed_data)
    if enabled:
        actions.enable(row)
    return rows.webhook(_webhook(request, webhook))


@router.delete("/webhooks/{number:webhook}", response={204: None})
def delete_webhook(request: HttpRequest, webhook: int) -> Any:
    """Delete a webhook with its deliveries, permanently."""
    actions.delete_webhook(_webhook(request, webhook))
    return Status(204, None)


@router.post("/webhooks/{number:webhook}/secret", response=WebhookWithSecret)
def replace_webhook_secret(request: HttpRequest, webhook: int) -> Any:
    """Replace the secret. Everything is signed with the new one from then on."""
    row = _webhook(request, webhook)
    return rows.webhook(row) | {"secret": actions.replace_secret(row)}


@router.post("/webhooks/{number:webhook}/test", response={202: WebhookOut})
def test_webhook(request: HttpRequest, webhook: int) -> Any:
    """Send a test. Its delivery is the first of the list."""
    row = _webhook(request, webhook)
    _check_enabled(row)
    actions.send_test(row, request.user)
    return Status(202, rows.webhook(row))


@router.get("/webhooks/{number:webhook}/deliveries", response=Page[DeliveryOut])
def list_deliveries(
    request: HttpRequest, webhook: int, limit: Limit = 100, cursor: Cursor = ""
) -> dict[str, Any]:
    """The deliveries of a webhook, the newest first. They are kept for 90 days."""
    found = _webhook(request, webhook).deliveries.select_related("event")
    return page_of(request, found, rows.delivery, limit, cursor, key="event_id")


@router.post(
    "/webhooks/{number:webhook}/deliveries/{uuid:delivery}/resend", response={202: DeliveryOut}
)
def resend_delivery(request: HttpRequest, webhook: int, delivery: UUID) -> Any:
    """Send an event again, with the same id."""
    row = _webhook(request, webhook)
    found = row.deliveries.select_related("event").filter(pk=delivery).first()
    if found is None:
        raise Http404
    _check_enabled(row)
    actions.resend(found)
    return Status(202, rows.delivery(Delivery.objects.select_related("event").get(pk=found.pk)))


def _check_enabled(row: Webhook) -> None:
    if row.disabled_at:
        raise Problem(409, "The webhook is disabled. Enable it first.")


def _team(request: HttpRequest, team: int) -> Team:
    found: Team = editable_or_404(request, Team.objects.all(), team)
    return found


def _webhook(request: HttpRequest, webhook: int) -> Webhook:
    found: Webhook = editable_or_404(request, Webhook.objects.select_related("team"), webhook)
    return found
