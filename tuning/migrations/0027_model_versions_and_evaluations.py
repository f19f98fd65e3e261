"""Models have versions among those of their name; an evaluation is work that a person may ask for."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


def count_versions(apps, schema_editor):
    """Models that have one name already become versions of it, in the order of their numbers."""
    SavedModel = apps.get_model("tuning", "SavedModel")
    seen = {}
    named = SavedModel.objects.exclude(name="").order_by("number")
    for pk, project, name in named.values_list("pk", "project", "name"):
        seen[project, name] = version = seen.get((project, name), 0) + 1
        if version > 1:
            SavedModel.objects.filter(pk=pk).update(version=version)


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0026_confirmations"),
    ]

    operations = [
        migrations.AddField(
            model_name="modelevaluation",
            name="attempt",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="failure_code",
            field=models.CharField(blank=True, max_length=30),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="failure_message",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="failure_traceback",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="finished_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="lease_expires_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="log_tail",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="lost_attempts",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="How many attempts ended because the worker was lost."
            ),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="progress_text",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="slot",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="started_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="status",
            field=models.CharField(
                choices=[
                    ("queued", "Waiting"),
                    ("running", "Running"),
                    ("completed", "Completed"),
                    ("pruned", "Pruned"),
                    ("failed", "Failed"),
                    ("stopped", "Stopped"),
                ],
                default="completed",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="modelevaluation",
            name="worker",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="tuning.worker",
            ),
        ),
        migrations.AddField(
            model_name="savedmodel",
            name="version",
            field=models.PositiveIntegerField(
                default=1, help_text="Among the project's models of the same name."
            ),
        ),
        migrations.RunPython(count_versions, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="savedmodel",
            constraint=models.UniqueConstraint(
                condition=models.Q(("name", ""), _negated=True),
                fields=("project", "name", "version"),
                name="one_model_per_version",
            ),
        ),
    ]
