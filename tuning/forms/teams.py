"""The forms of a team: its name, its members, its next owner."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.db.models import Q

from tuning.analysis.people import heirs
from tuning.models import Role, Team
from tuning.models.people import display_name


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name"]
        error_messages = {"name": {"required": "Enter a name for the team."}}


class MemberForm(forms.Form):
    """A person to add, or whose role in the team to change, by their username."""

    username = forms.CharField(max_length=150, help_text="They sign in with it.")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.EDITOR)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team = team

    def clean_username(self) -> Any:
        name = self.cleaned_data["username"]
        known = Q(is_active=True) | Q(pk__in=self._team.memberships.values("user"))
        user = get_user_model().objects.filter(known, username=name).first()
        if user is None:
            raise forms.ValidationError(
                f"No account has the username “{name}”. Check the spelling, or invite them by link."
            )
        return user

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class HandoverForm(forms.Form):
    """The member who becomes an owner, and what the owner is from then on."""

    LEAVE = "leave"
    AFTERWARDS = [(Role.EDITOR, "Editor"), (Role.VIEWER, "Viewer"), (LEAVE, "Not a member")]

    username = forms.ChoiceField(
        label="New owner", error_messages={"required": "Select the new owner."}
    )
    role = forms.ChoiceField(label="Your role afterwards", choices=AFTERWARDS, initial=Role.EDITOR)

    def __init__(self, *args: Any, team: Team, owner: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = {user.get_username(): user for user in heirs(team, owner)}
        choices = [(name, display_name(user)) for name, user in self._members.items()]
        self.fields["username"].choices = choices  # type: ignore[attr-defined]
        self.fields["username"].error_messages["invalid_choice"] = (
            "“%(value)s” is no active member of the team. Add them first."
        )

    @property
    def has_members(self) -> bool:
        return bool(self._members)

    def clean_username(self) -> Any:
        return self._members[self.cleaned_data["username"]]

    def clean_role(self) -> Role | None:
        role = self.cleaned_data["role"]
        return None if role == self.LEAVE else Role(role)
