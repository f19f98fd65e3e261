"""Asking for importances: a worker computes them, the row keeps them for everybody."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from tuning.actions.dispatch import IMPORTANCES_TASK, send_task
from tuning.analysis.plots.importances import importances_key, importances_query
from tuning.analysis.trials.selection import Selection
from tuning.models import Importances

# A running search has news every second, which changes little.
AT_MOST_EVERY = timedelta(seconds=30)


def want_importances(selection: Selection) -> Importances:
    """Of these trials, as new as the search; while it runs, asked for again only now and then."""
    scope = selection.scope
    query = importances_query(selection)
    row, is_new = Importances.objects.get_or_create(
        search=scope.search,
        key=importances_key(query),
        defaults={"query": query, "requested_revision": scope.revision},
    )
    known = max(row.requested_revision, row.for_revision)
    settled = not scope.is_active or timezone.now() - row.asked_at > AT_MOST_EVERY
    is_older = not is_new and known < scope.revision and settled
    if is_older:
        row.requested_revision = scope.revision
        Importances.objects.filter(pk=row.pk).update(
            requested_revision=scope.revision, asked_at=Now()
        )
    if is_new or is_older:
        transaction.on_commit(lambda: send_task(IMPORTANCES_TASK))
    return row
