"""The form of a webhook."""

from contextlib import suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings

from tuning.event_kinds import FOR_WEBHOOKS
from tuning.models import Team, Webhook
from tuning.protocol.public_addresses import may_reach

from .changes import compare_with_page

MAX_WEBHOOKS = 20


class WebhookForm(forms.ModelForm):
    url = forms.URLField(
        label="Address", max_length=500, assume_scheme="https",
        help_text="Receives a POST for each event.",
        error_messages={"required": "Enter an address that begins with https://."},
    )  # fmt: skip
    kinds = forms.MultipleChoiceField(
        label="Events", choices=[(kind.value, kind.label) for kind in FOR_WEBHOOKS],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )  # fmt: skip

    class Meta:
        model = Webhook
        fields = ["url", "project", "format", "kinds"]
        help_texts = {"project": ""}

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team = team
        projects: Any = self.fields["project"]
        projects.queryset = team.projects.order_by("name", "pk")
        projects.empty_label = "All projects of the team"
        if self.instance.pk is None:
            self.initial["kinds"] = ["search.ended", "search.failed", "model.ready"]
        else:
            compare_with_page(self)

    @property
    def kinds_shown(self) -> str:
        """The hidden fields of the events, whose boxes the page writes one by one."""
        kinds = self["kinds"]
        return kinds.as_hidden(only_initial=True) if kinds.field.show_hidden_initial else ""

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise forms.ValidationError("Enter an address that begins with https://.")
        if parts.username is not None or parts.password is not None:
            raise forms.ValidationError(
                "Leave the name and the password out: receivers check the signature."
            )
        try:
            parts.port  # noqa: B018  reading it checks it
        except ValueError:
            raise forms.ValidationError("Enter a port from 1 to 65,535.") from None
        with suppress(ValueError):
            # A name is resolved when something is sent.
            if not may_reach(ip_address(parts.hostname or ""), settings.WEBHOOK_NETWORKS):
                raise forms.ValidationError("Enter a public address: this one is private.")
        return url

    def clean(self) -> dict[str, Any]:
        if self.instance.pk is None and self.team.webhooks.count() >= MAX_WEBHOOKS:
            raise forms.ValidationError(
                f"A team can have {MAX_WEBHOOKS} webhooks. Delete one that is no longer used."
            )
        return super().clean() or {}
