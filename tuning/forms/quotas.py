"""The form of a team's quotas, for administrators."""

from typing import Any

from django import forms

from tuning.analysis.quotas import QUOTAS
from tuning.models import Team

MB = 1 << 20
# Against slips of the finger, and what the columns hold.
MAX_MB, MAX_NUMBER, MAX_WEIGHT = 10**9, 2**31 - 1, 100


class QuotasForm(forms.ModelForm):
    """Blank: the site's default."""

    class Meta:
        model = Team
        fields = [*QUOTAS, "weight"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, quota in QUOTAS.items():
            default = Team().quota(name)
            shown = "no quota" if default is None else quota.text(default)
            self.fields[name] = forms.IntegerField(
                required=False, min_value=0, max_value=MAX_NUMBER, label=quota.caption,
                help_text=f"{quota.help} Blank: {shown}.",
            )  # fmt: skip
        storage = self.instance.max_storage
        self.fields["max_storage"] = forms.DecimalField(
            required=False, min_value=0, max_value=MAX_MB, decimal_places=6, label="Storage (MB)",
            help_text=self.fields["max_storage"].help_text,
            widget=forms.NumberInput({"step": "any"}),
        )  # fmt: skip
        if storage is not None:
            self.initial["max_storage"] = f"{storage / MB:.6f}".rstrip("0").rstrip(".")
        self.fields["weight"] = forms.IntegerField(
            min_value=1, max_value=MAX_WEIGHT, label="Weight",
            help_text="With weight 2, a team gets twice the slots of a team with weight 1 while "
            "both wait for slots.",
        )  # fmt: skip

    def clean_max_storage(self) -> int | None:
        megabytes = self.cleaned_data["max_storage"]
        return None if megabytes is None else int(megabytes * MB)
