"""Numbers of searches and models are in addresses: each is given to one row, once."""

from django.db import migrations, models


def note_last_numbers(apps, schema_editor):
    """Those of the rows that are there; what was deleted before is not known."""
    Project = apps.get_model("tuning", "Project")
    last = {"search": models.Max("searches__number")}, {"model": models.Max("saved_models__number")}
    searches = dict(Project.objects.annotate(**last[0]).values_list("pk", "search"))
    saved_models = dict(Project.objects.annotate(**last[1]).values_list("pk", "model"))
    for pk in searches:
        Project.objects.filter(pk=pk).update(
            last_search_number=searches[pk] or 0, last_model_number=saved_models[pk] or 0
        )


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0023_kinds_and_tasks_by_their_tables"),
    ]

    operations = [
        migrations.AddField(
            model_name="project",
            name="last_model_number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="project",
            name="last_search_number",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name="savedmodel",
            constraint=models.UniqueConstraint(
                fields=("project", "number"), name="one_number_per_model"
            ),
        ),
        migrations.RunPython(note_last_numbers, migrations.RunPython.noop),
    ]
