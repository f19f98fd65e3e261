from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tuning", "0060_gpu_columns")]

    operations = [
        migrations.AddField(
            model_name="trial",
            name="earlier_seconds",
            field=models.FloatField(
                db_default=0.0, default=0.0, help_text="Of the attempts before the current one."
            ),
        ),
    ]
