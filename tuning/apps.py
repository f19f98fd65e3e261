from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TuningConfig(AppConfig):
    name = "tuning"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # They have receivers of Django's signals.
        from tuning.actions import sessions, sign_ins, teams  # noqa: F401

        post_migrate.connect(_note_release, sender=self)


def _note_release(using: str, **_: Any) -> None:
    from tuning.actions.releases import note_release

    note_release(using)
