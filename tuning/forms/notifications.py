"""The form in which a person chooses what they are notified of."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings

from tuning.event_kinds import FOR_PEOPLE, EventKind, Whose
from tuning.models import NotificationChoice, Project

SITE, MAIL = "site", "mail"
CHANNELS = {SITE: "In Tuneroom", MAIL: "By mail"}
_PERSONAL = {Whose.OFF: "Off", Whose.OWN: "On"}
_OTHERS = {Whose.OFF: "Off", Whose.OWN: "Mine", Whose.ALL: "All"}


@dataclass(frozen=True)
class Row:
    """A kind of event with its fields."""

    kind: EventKind
    fields: list[forms.BoundField]


class NotificationsForm(forms.Form):
    """For all projects, or for one, where each choice may be left to the former."""

    def __init__(self, *args: Any, user: Any, project: Project | None = None) -> None:
        super().__init__(*args)
        self.kinds = [kind for kind in FOR_PEOPLE if not project or kind.traits.is_of_projects]
        self.channels = [name for name in CHANNELS if name != MAIL or settings.EMAIL_HOST]
        self.project = project
        # Else people add the address of their own account themselves.
        self.email_is_fixed = bool(settings.OIDC_ISSUER)
        rows = NotificationChoice.objects.filter(user=user)
        every = {(row.project_id, row.kind): row for row in rows}
        for kind in self.kinds:
            for channel in self.channels:
                usual = getattr(every.get((None, kind)), channel, "")
                default = Whose(usual or getattr(kind.traits, channel))
                chosen = getattr(every.get((project.pk, kind)), channel, "") if project else default
                self.fields[field_name(kind, channel)] = _field(
                    kind, channel, default, chosen, project
                )

    @property
    def channel_labels(self) -> list[str]:
        return [CHANNELS[channel] for channel in self.channels]

    @property
    def rows(self) -> list[Row]:
        return [
            Row(kind, [self[field_name(kind, channel)] for channel in self.channels])
            for kind in self.kinds
        ]

    def choices(self) -> dict[EventKind, dict[str, str]]:
        """What is to be stored: empty where it is as it would be anyway."""
        return {
            kind: {channel: self._choice(kind, channel) for channel in self.channels}
            for kind in self.kinds
        }

    def _choice(self, kind: EventKind, channel: str) -> str:
        given: str = self.cleaned_data[field_name(kind, channel)]
        is_default = not self.project and given == getattr(kind.traits, channel)
        return "" if is_default else given


def field_name(kind: EventKind, channel: str) -> str:
    return f"{kind.name.lower()}-{channel}"


def _field(
    kind: EventKind, channel: str, default: Whose, chosen: str, project: Project | None
) -> forms.ChoiceField:
    captions = _PERSONAL if kind.traits.is_personal else _OTHERS
    choices = [(whose.value, caption) for whose, caption in captions.items()]
    if project:
        choices = [("", f"Default ({captions[default].lower()})"), *choices]
    return forms.ChoiceField(
        label=f"{kind.label}, {CHANNELS[channel].lower()}", choices=choices, initial=chosen,
        required=not project,
    )  # fmt: skip
