"""How much each hyperparameter matters for the score: computed by a worker, then kept."""

from django.db import models

from .searches import Search
from .teams import TeamOwnedQuerySet


class ImportancesQuerySet(TeamOwnedQuerySet):
    team_path = "search__project__team"


class Importances(models.Model):
    """One for each selection of trials that somebody asked about. `result` belongs to
    `for_revision` of the search; a newer one is wanted while `wanted_revision` is larger."""

    search = models.ForeignKey(Search, on_delete=models.CASCADE, related_name="importances")
    query = models.TextField(blank=True, help_text="The filters, as they stand in the address.")
    key = models.CharField(max_length=64, help_text="SHA-256 of the query.")
    wanted_revision = models.PositiveBigIntegerField(default=0)
    for_revision = models.PositiveBigIntegerField(default=0)
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
