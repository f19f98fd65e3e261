from django.db import migrations, models
from django.db.models import F, TextField
from django.db.models.functions import Cast


def note_what_was_not_finite(apps, schema_editor):
    """Of trials that ended before: a metric of an epoch that is JSON's null was no number."""
    Trial, Cells, Epoch = (apps.get_model("tuning", name) for name in ("Trial", "Cells", "Epoch"))
    # The database leaves out nearly all rows; a text may have the word elsewhere.
    rows = Epoch.objects.annotate(text=Cast("metrics", TextField())).filter(
        text__contains="null", attempt=F("trial__attempt")
    )
    found = {}
    for trial, metrics in rows.values_list("trial_id", "metrics").iterator():
        found.setdefault(trial, set()).update(
            name for name, value in metrics.items() if value is None
        )
    best = Trial.objects.annotate(text=Cast("metrics", TextField())).filter(text__contains="null")
    for trial, metrics in best.values_list("pk", "metrics").iterator():
        found.setdefault(trial, set()).update(
            name for name, value in metrics.items() if value is None
        )
    for trial, names in found.items():
        if names:
            Trial.objects.filter(pk=trial).update(not_finite=sorted(names))
            Cells.objects.filter(pk=trial).exclude(status="").update(
                not_finite=", ".join(sorted(names))[:200]
            )


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0006_outgoing_mails"),
    ]

    operations = [
        migrations.AddField(
            model_name="trial",
            name="not_finite",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="Metrics that were NaN or infinite in an epoch or at the best one.",
            ),
        ),
        migrations.AddField(
            model_name="cells",
            name="not_finite",
            field=models.CharField(blank=True, default="", max_length=200),
            preserve_default=False,
        ),
        migrations.RunPython(note_what_was_not_finite, migrations.RunPython.noop),
    ]
