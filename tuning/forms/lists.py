"""Form fields for long lists. Django's compare each value with each choice, which takes a minute
for as many as a form may have."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError


class ManyChoices(forms.MultipleChoiceField):
    """Django's, for any number of values and choices; each value counts once."""

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(super().to_python(value)))

    def validate(self, value: Any) -> None:
        forms.Field.validate(self, value)
        known = {str(key) for key, _ in self.choices}
        unknown = next((one for one in value if one not in known), None)
        if unknown is not None:
            raise ValidationError(
                self.error_messages["invalid_choice"],
                code="invalid_choice",
                params={"value": unknown},
            )


class Keys(forms.Field):
    """Primary keys of rows, at most `most`. They are counted before any of them is looked at."""

    widget = forms.SelectMultiple

    def __init__(self, *, most: int, too_many: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.too_many = too_many

    def clean(self, value: Any) -> list[int]:
        given = value or []
        if len(given) > self.most:
            raise ValidationError(self.too_many, code="too_many")
        self.validate(given)
        # No key of a row has more digits, and no database has to hear of one.
        bad = next((one for one in given if not one.isdecimal() or len(one) > 15), None)
        if bad is not None:
            raise ValidationError(
                self.error_messages["invalid_choice"], code="invalid_choice", params={"value": bad}
            )
        return list(dict.fromkeys(map(int, given)))
