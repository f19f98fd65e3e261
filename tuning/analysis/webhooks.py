"""What a webhook is sent: docs/webhooks.md describes it."""

from typing import Any

from django.conf import settings

from tuning.models import Delivery, TeamEvent, Webhook


def address_of(event: TeamEvent) -> str:
    """Of the page about it, for readers elsewhere."""
    return f"{settings.SITE_URL}{event.path}"


def document(delivery: Delivery) -> dict[str, Any]:
    """The JSON that is posted. It is the same in each try."""
    return _DOCUMENTS[Webhook.Format(delivery.webhook.format)](delivery)


def _own(delivery: Delivery) -> dict[str, Any]:
    event = delivery.event
    facts = dict(event.facts)
    return {
        "id": str(delivery.pk),
        "type": event.kind,
        "timestamp": event.created_at.isoformat(),
        "text": event.sentence,
        "url": address_of(event),
        "team": facts.pop("team"),
        "project": facts.pop("project", None),
        "data": facts,
    }


def _slack(delivery: Delivery) -> dict[str, Any]:
    event = delivery.event
    about = f"*{_escaped(event.project_name)}*: " if event.project_name else ""
    return {"text": f"{about}{_escaped(event.sentence)} <{address_of(event)}|Open in Tuneroom>"}


def _escaped(text: str) -> str:
    """Slack reads three characters as its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


_DOCUMENTS = {Webhook.Format.JSON: _own, Webhook.Format.SLACK: _slack}
