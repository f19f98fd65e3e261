"""The form with which somebody creates an account of their own."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.forms import UserCreationForm

from tuning.models.validators import validate_name


class AccountForm(UserCreationForm):
    """`UserCreationForm` knows names in any case, and applies the rules for passwords."""

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
            "email": "Needed to reset a forgotten password by mail.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["first_name"].validators.append(validate_name)
        self.fields["password2"].label = "Repeat password"
        self.fields["password2"].help_text = ""
