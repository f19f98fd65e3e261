from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tuning", "0031_class_weights"),
    ]

    operations = [
        migrations.AddField(
            model_name="dataset",
            name="series",
            field=models.CharField(
                blank=True,
                db_index=True,
                help_text="Key of its first version, or empty.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="dataset",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
    ]
