"""The form of a person's own profile."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model

from tuning.models import Profile
from tuning.models.people import display_name
from tuning.models.validators import validate_display_name


class ProfileForm(forms.ModelForm):
    display_name = forms.CharField(
        max_length=150,
        required=False,
        validators=[validate_display_name],
        help_text="The name that your teams see. Blank: your username.",
    )
    theme = forms.ChoiceField(choices=Profile.Theme.choices, required=False)

    class Meta:
        model = get_user_model()
        fields = ["email"]
        labels = {"email": "Email"}
        help_texts = {"email": "Used to reset a forgotten password."}

    def __init__(self, *args: Any, user: Any) -> None:
        profile = Profile.objects.filter(user=user).first()
        # Not the request's: a refused address must not show in the page's head.
        user = get_user_model().objects.get(pk=user.pk)
        name = display_name(user)
        initial = {
            "display_name": "" if name == user.get_username() else name,
            "theme": profile.theme if profile else "",
        }
        super().__init__(*args, instance=user, initial=initial)
        self.order_fields(["display_name", "email", "theme"])
        if settings.OIDC_ISSUER:
            # Whoever proves it at the provider gets the account.
            self.fields["email"].disabled = True
            self.fields["email"].help_text = (
                f"Signing in with {settings.OIDC_LABEL} uses this address. Only an administrator "
                "can change it."
            )

    def save(self, commit: bool = True) -> Any:
        # Django's two fields hold the one name.
        self.instance.first_name, self.instance.last_name = self.cleaned_data["display_name"], ""
        return super().save(commit)


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Profile.Theme.choices, required=False)
