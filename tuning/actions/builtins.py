"""Built-in datasets and templates: bringing their rows in line with the code."""

from django.db import transaction

from tuning.hypermodels import BUILTIN, BuiltinTemplate, source_of
from tuning.models import Dataset, HyperModel
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
        _load_template(template)


def _load_template(template: BuiltinTemplate) -> None:
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
    last.save()
    versions.exclude(pk=last.pk).filter(superseded=False).update(superseded=True)
