"""The form of an invitation."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings

from tuning.models import Invitation, Team
from tuning.models.addresses import is_number

MAX_PENDING = 100


class InvitationForm(forms.ModelForm):
    days = forms.TypedChoiceField(
        label="Expires after",
        choices=[(1, "1 day"), (7, "7 days"), (30, "30 days")],
        coerce=int,
        initial=7,
    )

    class Meta:
        model = Invitation
        fields = ["role", "project", "email"]
        labels = {"project": "Opens", "email": "Email (optional)"}
        help_texts = {"project": ""}

    def __init__(self, *args: Any, team: Team, project: str = "", **options: Any) -> None:
        """`project` is the key of the one that the person comes from."""
        # The newest first: it is the one that most people are invited for.
        projects = team.projects.order_by("-created_at")
        chosen = projects.filter(pk=int(project)).first() if is_number(project) else None
        initial = {"project": chosen or projects.first()}
        super().__init__(*args, instance=Invitation(team=team), initial=initial, **options)
        self.team = team
        self.fields["project"].queryset = projects  # type: ignore[attr-defined]
        self.fields["project"].empty_label = "The team’s page"  # type: ignore[attr-defined]
        self.fields["email"].help_text = (
            "The link is sent there."
            if settings.EMAIL_HOST
            else "Optional label. No mail is sent: this site has no mail server."
        )
        self.order_fields(["role", "days", "project", "email"])

    @property
    def valid_for(self) -> timedelta:
        return timedelta(days=self.cleaned_data["days"])

    def clean(self) -> dict[str, Any]:
        if self.team.invitations.pending().count() >= MAX_PENDING:
            raise forms.ValidationError(
                f"The team has {MAX_PENDING} pending invitations. Revoke some of them first."
            )
        return super().clean() or {}
