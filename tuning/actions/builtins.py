"""Built-in datasets and templates: bringing their rows in line with the code."""

from django.db import transaction

from tuning.hypermodels import BUILTIN, BuiltinTemplate, source_of
from tuning.models import Dataset, HyperModel, Inspection
from tuning.protocol.catalogue import CATALOGUE


@transaction.atomic
def load_builtins() -> None:
    """Add what is new, correct what people read. Running it again changes nothing."""
    for entry in CATALOGUE:
        Dataset.objects.update_or_create(
            key=entry.key,
            defaults={
                "name": entry.name,
                "description": entry.description,
                "source": entry.source,
                "kind": entry.kind,
                "task": entry.task,
                "size_text": entry.size_text,
            },
        )
    for template in BUILTIN:
        _want_inspection(_load_template(template))


def _load_template(template: BuiltinTemplate) -> HyperModel:
    """Changed code is a new version: projects keep the one that their trials were made with."""
    code = source_of(template)
    versions = HyperModel.objects.select_for_update().filter(key=template.key, team=None)
    last = versions.order_by("-version").first()
    if last is None or last.code != code:
        last = HyperModel(key=template.key, version=last.version + 1 if last else 1, code=code)
    last.superseded = False
    last.name = template.name
    last.description = template.description
    last.kinds = list(template.kinds)
    last.task = template.task
    last.gpu = template.gpu
    last.save()
    versions.exclude(pk=last.pk).filter(superseded=False).update(superseded=True)
    return last


def _want_inspection(hypermodel: HyperModel) -> None:
    """Have the search space read before anybody asks, so that the gallery can show it. Bundled
    datasets are prepared at set-up: nothing has to be downloaded for it."""
    bundled = Dataset.objects.filter(source=Dataset.Source.BUNDLED, team=None).order_by("pk")
    dataset = next((dataset for dataset in bundled if hypermodel.fits(dataset)), None)
    if dataset is not None:
        Inspection.objects.get_or_create(
            dataset=dataset, hypermodel=hypermodel, task=hypermodel.task_on(dataset)
        )
