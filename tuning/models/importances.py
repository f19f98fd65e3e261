"""How much each hyperparameter matters for the score: computed by a worker, then kept."""

from datetime import timedelta
from typing import Self

from django.db import models
from django.db.models import ExpressionWrapper, F, Q
from django.db.models.functions import Now
from django.utils import timezone

from .searches import Search
from .teams import TeamOwnedQuerySet

FORGET_AFTER = timedelta(days=30)


class ImportancesQuerySet(TeamOwnedQuerySet):
    team_path = "search__project__team"
    project_path = "search__project__"

    def stale(self) -> Self:
        """What a worker should compute: newer ones are requested, and no worker computes them."""
        free = Q(taken_until__isnull=True) | Q(taken_until__lt=Now())
        return self.filter(free, requested_revision__gt=F("for_revision"))

    def take(self, pk: int, seconds: float) -> bool:
        """Claim a stale one. Whether no other worker was faster."""
        until = ExpressionWrapper(
            Now() + timedelta(seconds=seconds), output_field=models.DateTimeField()
        )
        return self.stale().filter(pk=pk).update(taken_until=until) == 1

    def forgotten(self) -> Self:
        """What nobody has asked for in a while."""
        return self.filter(asked_at__lt=timezone.now() - FORGET_AFTER)


class Importances(models.Model):
    """One for each selection of trials that a person asked about. `result` belongs to
    `for_revision` of the search; a newer one is asked for while `requested_revision` is larger."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="importances")
    query = models.TextField(blank=True, help_text="The filters, as they stand in the address.")
    key = models.CharField(max_length=64, help_text="SHA-256 of the query.")
    requested_revision = models.PositiveBigIntegerField(default=0)
    for_revision = models.PositiveBigIntegerField(default=0)
    taken_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker computes it; lost with it after that."
    )
    asked_at = models.DateTimeField(auto_now=True)
    result = models.JSONField(default=dict, blank=True)
    message = models.TextField(blank=True, help_text="Why there is no result.")

    objects = ImportancesQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["search", "key"], name="one_importances_per_query")
        ]

    def __str__(self) -> str:
        return f"importances of {self.search}"
