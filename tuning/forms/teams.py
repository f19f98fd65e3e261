"""The forms of a team: its name, its members."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model

from tuning.models import Role, Team


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name"]
        error_messages = {"name": {"required": "Enter a name for the team."}}


class MemberForm(forms.Form):
    """A person to add, or whose role to change, by their username."""

    username = forms.CharField(max_length=150, help_text="They sign in with it.")
    role = forms.ChoiceField(choices=Role.choices, initial=Role.EDITOR)

    def clean_username(self) -> Any:
        name = self.cleaned_data["username"]
        user = get_user_model().objects.filter(username=name, is_active=True).first()
        if user is None:
            raise forms.ValidationError(
                f"No account has the username “{name}”. Check the spelling, or invite them by link."
            )
        return user

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])
