"""Quotas of a team, which administrators set."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tuning.analysis.quotas import QUOTAS
from tuning.figures import in_words
from tuning.models import Team

from .audit import record


@transaction.atomic
def set_quotas(team: Team, values: Mapping[str, Any]) -> None:
    """`values`: by fields of a team; None where the site's default holds."""
    row = Team.objects.select_for_update().get(pk=team.pk)
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return
    Team.objects.filter(pk=team.pk).update(**changed)
    record("team.quotas", row, quotas=in_words([_text(*item) for item in changed.items()]))


def _text(name: str, value: int | None) -> str:
    if name not in QUOTAS:
        return f"{name} to {value}"
    quota = QUOTAS[name]
    shown = "the default" if value is None else quota.text(value)
    return f"{quota.caption.lower()} to {shown}"
