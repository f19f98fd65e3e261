"""Dry runs: begin one, in place of the person's last one of the same template and dataset."""

from typing import Any

from django.db import transaction

from tuning.models import DryRun, Inspection, Search
from tuning.protocol.gpu_needs import GpuNeed

from .dispatch import ring


def dry_run_of_space(user: Any, inspection: Inspection) -> DryRun:
    """Begin one of a template's whole space on a dataset."""
    folds = 0 if inspection.kind.has_epochs else Search._meta.get_field("folds").get_default()
    gpu = inspection.hypermodel.gpu if inspection.kind.uses_gpu else GpuNeed.NONE
    row = DryRun(inspection=inspection, space=inspection.space, folds=folds, gpu=gpu)
    return start_dry_run(user, row)


@transaction.atomic
def start_dry_run(user: Any, row: DryRun) -> DryRun:
    """A worker that is busy with the last one notices that its row is gone."""
    DryRun.objects.filter(created_by=user, inspection=row.inspection).delete()
    row.created_by = user
    row.save()
    ring(gpu=row.gpu)
    return row
