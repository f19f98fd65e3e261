"""Quotas of a team: administrators set them, and whatever takes room asks once more with the team
locked."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from tuning.analysis.quotas import QUOTAS
from tuning.figures import in_words
from tuning.models import Team

from .audit import record


class OverQuota(Exception):
    """Something else took the team's room meanwhile, with a sentence for people."""


def locked_team(team_id: int) -> Team:
    """The team, whose room nothing else takes until the transaction ends. That is soon: what takes
    long, such as to store a file, is done before, because slots claim work under the same lock."""
    return Team.objects.select_for_update().get(pk=team_id)


def refuse_over_quota(refusal: str) -> None:
    """Of two uploads at once both may have passed the checks of their forms. `refusal` is what
    `analysis.quotas` says now, with the team locked. Raises OverQuota."""
    if refusal:
        raise OverQuota(refusal)


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
