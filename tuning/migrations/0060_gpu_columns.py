from typing import Any

from django.db import migrations, models
from django.db.models import OuterRef, Subquery


def copy_from_trials(apps: Any, _editor: Any) -> None:
    """Trials that ran on a GPU before the index had these columns."""
    rows, trials = (apps.get_model("tuning", name) for name in ("TrialIndex", "Trial"))
    own = trials.objects.filter(pk=OuterRef("pk"))
    rows.objects.exclude(trial__gpu_name="").exclude(status="").update(
        gpu_memory=Subquery(own.values("peak_gpu_memory")), gpu_use=Subquery(own.values("gpu_use"))
    )


class Migration(migrations.Migration):
    dependencies = [("tuning", "0059_gpus")]

    operations = [
        migrations.AddField(
            model_name="trialindex", name="gpu_memory", field=models.BigIntegerField(null=True)
        ),
        migrations.AddField(
            model_name="trialindex", name="gpu_use", field=models.FloatField(null=True)
        ),
        migrations.RunPython(copy_from_trials, migrations.RunPython.noop, elidable=True),
    ]
