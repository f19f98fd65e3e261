"""Publishing datasets and templates in the gallery, and taking them out of it."""

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from tuning.models import Dataset, HyperModel

from .audit import record


@transaction.atomic
def publish(row: Dataset | HyperModel) -> str:
    """Share this version with all teams; returns why not."""
    if row.team_id is None:
        return "All teams can use what is built in."
    ready = ~Q(folder="") if isinstance(row, Dataset) else Q()
    rows = type(row)._default_manager.filter(ready, pk=row.pk)
    if not rows.exists():
        return f"“{row}” is not prepared yet. Publish it once projects can use it."
    if rows.filter(published_at=None).update(published_at=Now()):
        record("gallery.publish", row)
    return ""


@transaction.atomic
def unpublish(row: Dataset | HyperModel) -> None:
    """Offer no version of it any more. Projects that use one go on as before."""
    versions = (
        Dataset.objects.versions_of(row)
        if isinstance(row, Dataset)
        else HyperModel.objects.versions_of(row)
    )
    if versions.exclude(published_at=None).update(published_at=None):
        record("gallery.unpublish", row)
