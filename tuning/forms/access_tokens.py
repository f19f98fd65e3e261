"""The form of a new access token."""

from typing import Any

from django import forms

from tuning.models import AccessToken

MAX_TOKENS = 20


class AccessTokenForm(forms.ModelForm):
    class Meta:
        model = AccessToken
        fields = ["name"]
        labels = {"name": "Name"}
        help_texts = {"name": "For example, notebook on my laptop."}
        error_messages = {"name": {"required": "Enter a name for the token."}}

    def __init__(self, *args: Any, user: Any) -> None:
        super().__init__(*args)
        self.user = user

    def clean(self) -> dict[str, Any]:
        if AccessToken.objects.of(self.user).count() >= MAX_TOKENS:
            raise forms.ValidationError(
                f"You have reached the limit of {MAX_TOKENS} tokens. Revoke one that you no "
                "longer use."
            )
        return super().clean() or {}
