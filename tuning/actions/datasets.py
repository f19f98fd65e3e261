"""Datasets: asking a worker to prepare one."""

from tuning.models import Dataset
from tuning.protocol.statuses import Status

from .dispatch import ring


def want_dataset(dataset: Dataset) -> None:
    """Have the dataset prepared, unless it is or is on its way. Also the way to try again."""
    if dataset.is_ready:
        return
    Dataset.objects.filter(pk=dataset.pk, wanted=False).update(wanted=True)
    Dataset.objects.filter(pk=dataset.pk, status__in=(Status.FAILED, Status.STOPPED)).update(
        status=Status.QUEUED, losses=0, failure_code="", failure_message="", failure_traceback=""
    )
    ring()
