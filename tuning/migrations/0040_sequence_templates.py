"""Sequences were a kind of image. Templates of teams that take images keep taking them."""

from typing import Any

from django.db import migrations


def add_sequences(apps: Any, _: Any) -> None:
    for row in apps.get_model("tuning", "HyperModel").objects.exclude(team=None):
        if "image" in row.kinds and "sequence" not in row.kinds:
            row.kinds = [*row.kinds, "sequence"]
            row.save(update_fields=["kinds"])


class Migration(migrations.Migration):
    dependencies = [("tuning", "0039_optuna_scripts")]

    operations = [migrations.RunPython(add_sequences, migrations.RunPython.noop, elidable=True)]
