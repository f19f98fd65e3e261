"""Several objectives, constraints and what is measured for them. Existing searches have one
objective and no constraints; their choices of statuses and strategies are the same."""

from django.db import migrations, models

import tuning.protocol.statuses
import tuning.strategies.traits

_WORK = ("dataset", "execution", "inspection", "prediction", "savedmodel", "searchimport", "trial")


class Migration(migrations.Migration):
    dependencies = [("tuning", "0029_partial_uploads")]

    operations = [
        migrations.AddField(
            "search",
            "constraints",
            models.JSONField(
                blank=True, default=list, help_text="Name, relation and limit of each."
            ),
        ),
        migrations.AddField(
            "search",
            "other_objectives",
            models.JSONField(
                blank=True,
                default=list,
                help_text="Name and direction of each objective after the first.",
            ),
        ),
        migrations.AddField(
            "trial",
            "measures",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="What the search asks to measure, by names of tuning.protocol.measured.",
            ),
        ),
        migrations.AlterField(
            "search",
            "tuner",
            models.CharField(
                choices=tuning.strategies.traits.choices, default="auto", max_length=10
            ),
        ),
        *(
            migrations.AlterField(
                model,
                "status",
                models.CharField(
                    choices=tuning.protocol.statuses.status_choices,
                    default=tuning.protocol.statuses.Status["QUEUED"],
                    max_length=10,
                ),
            )
            for model in _WORK
        ),
        migrations.AlterField(
            "modelevaluation",
            "status",
            models.CharField(
                choices=tuning.protocol.statuses.status_choices,
                default=tuning.protocol.statuses.Status["COMPLETED"],
                max_length=10,
            ),
        ),
    ]
