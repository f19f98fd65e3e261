"""In the form of a new search: whether to use a warm start."""

from typing import Any

from django import forms


class WarmStartForm(forms.Form):
    warm_start = forms.BooleanField(required=False)

    @property
    def is_requested(self) -> bool:
        """What is ticked now, also while nothing was sent yet."""
        if self.is_bound:
            return bool(self.is_valid() and self.cleaned_data["warm_start"])
        initial: Any = self.initial.get("warm_start")
        return bool(initial)
