"""The forms of accounts: a new one of one's own or of another person, deactivating one."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm

from tuning.analysis.people import heirs, ownerless_text, teams_only_owned_by
from tuning.models.people import display_name
from tuning.models.validators import validate_display_name


class AccountForm(UserCreationForm):
    """With a password. `UserCreationForm` knows names in any case, and the rules for passwords."""

    class Meta(UserCreationForm.Meta):
        model = get_user_model()
        fields = ("username", "first_name", "email")
        labels = {
            "username": "Username",
            "first_name": "Display name (optional)",
            "email": "Email (optional)",
        }
        help_texts = {
            "username": "You sign in with it, and the team mentions you by it: @name.",
            "first_name": "The name that your team sees. Blank: your username.",
            "email": "Used to reset a forgotten password.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["first_name"].validators.append(validate_display_name)
        self.fields["password2"].label = "Repeat password"
        self.fields["password2"].help_text = ""
        if settings.OIDC_ISSUER:
            # Whoever proves it at the provider gets the account.
            del self.fields["email"]


class PersonForm(forms.ModelForm):
    """By an administrator, without a password."""

    class Meta:
        model = get_user_model()
        fields = ("username", "first_name", "email")
        labels = AccountForm.Meta.labels
        help_texts = {"username": "They sign in with it."}

    clean_username = UserCreationForm.clean_username

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["first_name"].validators.append(validate_display_name)


class OwnersForm(forms.Form):
    """Who owns the teams of an account that is deactivated, where nobody else does."""

    def __init__(self, *args: Any, person: Any, by: Any) -> None:
        super().__init__(*args)
        self._owners: dict[str, tuple[int, dict[str, Any]]] = {}
        for team in teams_only_owned_by(person):
            others = heirs(team, person)
            members = {str(user.pk): user for user in [*others, by]}
            choices = [(key, display_name(user)) for key, user in members.items()]
            if not others:
                # Nobody sees it without them, and they have it back with their account.
                choices.insert(0, ("", "Nobody else (no other members)"))
            self._owners[f"owner-{team.pk}"] = team.pk, members
            self.fields[f"owner-{team.pk}"] = forms.ChoiceField(
                label=f"Owner of {team.name}", choices=choices, required=bool(others)
            )

    @property
    def ownerless_text(self) -> str:
        return ownerless_text(len(self.fields))

    @property
    def owners(self) -> dict[int, Any]:
        """By the team's key; None where it keeps its owner."""
        return {
            team: members.get(self.cleaned_data[name])
            for name, (team, members) in self._owners.items()
        }
