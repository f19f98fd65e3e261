from django.apps import AppConfig


class TuningConfig(AppConfig):
    name = "tuning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They have receivers of Django's signals.
        from tuning.actions import sessions, sign_ins, teams  # noqa: F401
