from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tuning", "0051_lost_trials_resume")]

    operations = [
        migrations.RenameField("importances", "wanted_revision", "requested_revision"),
    ]
