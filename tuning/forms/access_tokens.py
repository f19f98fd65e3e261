"""The form of a new access token."""

from typing import Any

from django import forms

from tuning.models import AccessToken, Scope, Team

MAX_TOKENS = 20
# Days, and what people read. Without a day: until it is revoked.
LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "No expiry")]


class AccessTokenForm(forms.ModelForm):
    scope = forms.ChoiceField(
        label="Access", choices=Scope.choices, initial=Scope.READ, required=False
    )
    days = forms.TypedChoiceField(
        label="Expires after", choices=LIFETIMES, initial="90", required=False, coerce=int,
        empty_value=None,
    )  # fmt: skip

    class Meta:
        model = AccessToken
        fields = ["name", "team"]
        labels = {"name": "Name", "team": "Team"}
        help_texts = {"name": "For example, notebook on my laptop.", "team": ""}
        error_messages = {"name": {"required": "Enter a name for the token."}}

    def __init__(self, *args: Any, user: Any) -> None:
        super().__init__(*args)
        self.user = user
        field: Any = self.fields["team"]
        field.queryset, field.empty_label = Team.objects.visible_to(user), "All my teams"

    def clean_scope(self) -> Scope:
        return Scope(self.cleaned_data["scope"] or Scope.READ)

    def clean(self) -> dict[str, Any]:
        if AccessToken.objects.of(self.user).count() >= MAX_TOKENS:
            raise forms.ValidationError(
                f"You have reached the limit of {MAX_TOKENS} tokens. Revoke one that you no "
                "longer use."
            )
        return super().clean() or {}
