"""The choices of kinds and tasks come from the tables in tuning.protocol; nothing stored changes."""

from django.db import migrations, models

import tuning.protocol.data_kinds
import tuning.protocol.tasks


class Migration(migrations.Migration):
    dependencies = [("tuning", "0022_glossary_names")]

    operations = [
        migrations.AlterField(
            "dataset",
            "kind",
            models.CharField(
                blank=True, choices=tuning.protocol.data_kinds.kind_choices, max_length=10
            ),
        ),
        migrations.AlterField(
            "dataset",
            "task",
            models.CharField(blank=True, choices=tuning.protocol.tasks.task_choices, max_length=20),
        ),
    ]
