"""In the form of a new search: whether it begins with the trials of the earlier one."""

from typing import Any

from django import forms


class FeedForm(forms.Form):
    feed = forms.BooleanField(required=False)

    @property
    def wanted(self) -> bool:
        """What is ticked now, also while nothing was sent yet."""
        if self.is_bound:
            return bool(self.is_valid() and self.cleaned_data["feed"])
        initial: Any = self.initial.get("feed")
        return bool(initial)
