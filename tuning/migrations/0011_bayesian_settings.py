from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tuning", "0010_how_models_are_saved")]

    operations = [
        migrations.AddField(
            model_name="search",
            name="bayesian_initial_points",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="search",
            name="bayesian_alpha",
            field=models.FloatField(default=0.0001),
        ),
        migrations.AddField(
            model_name="search",
            name="bayesian_beta",
            field=models.FloatField(default=2.6),
        ),
    ]
