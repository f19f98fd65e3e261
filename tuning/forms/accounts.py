"""The forms of new accounts: one's own, and another person's."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm

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
