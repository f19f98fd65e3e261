"""Columns and tables are called as in the glossary of docs/architecture.md."""

import django.db.models.deletion
from django.db import migrations, models

WORK = ("trial", "execution", "dataset", "inspection", "savedmodel", "searchimport")


class Migration(migrations.Migration):
    dependencies = [("tuning", "0021_model_names")]

    operations = [
        *(migrations.RenameField(name, "losses", "lost_attempts") for name in WORK),
        migrations.RenameField("dataset", "look", "detected_schema"),
        migrations.RenameField("dataset", "wanted", "requested"),
        migrations.RenameField("inspection", "wanted", "requested"),
        migrations.RenameField("search", "fed_trials", "warm_start_trials"),
        migrations.RenameField("search", "fed_count", "warm_start_count"),
        migrations.RenameField("search", "slots", "index_columns"),
        migrations.RenameModel("Cells", "TrialIndex"),
        migrations.RenameIndex(
            model_name="trialindex",
            new_name="tuning_tria_search__ddad5d_idx",
            old_name="tuning_cell_search__aaf58d_idx",
        ),
        # No change of the tables: what a row is called from the other side, and a help text.
        migrations.AlterField(
            "search",
            "index_columns",
            models.JSONField(
                blank=True,
                default=dict,
                help_text="Which column of TrialIndex holds which hyperparameter or metric.",
            ),
        ),
        migrations.AlterField(
            "trialindex",
            "search",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="index_rows",
                to="tuning.search",
            ),
        ),
        migrations.AlterField(
            "trialindex",
            "trial",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                primary_key=True,
                related_name="index_row",
                serialize=False,
                to="tuning.trial",
            ),
        ),
    ]
