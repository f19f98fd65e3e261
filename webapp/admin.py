"""The admin pages, whose changes are recorded in the audit log, whatever is registered there."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class RecordedAdminConfig(AdminConfig):
    default_site = "webapp.admin.RecordedAdminSite"


class Recorded(ModelAdmin):
    """Django calls these in the transaction of the change."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record("added", obj)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record("changed", obj)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            _record("deleted", obj)
        return super().log_deletions(request, queryset)


class RecordedAdminSite(AdminSite):
    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        base = admin_class or ModelAdmin
        recorded = type(f"Recorded{base.__name__}", (Recorded, base), {})
        super().register(model_or_iterable, recorded, **options)


def _record(action: str, obj: Any) -> None:
    # The models are not loaded yet when Django reads the configuration.
    from tuning.actions.audit import record
    from tuning.models import Team

    team = obj if isinstance(obj, Team) else None
    record("admin.change", f"{obj._meta.verbose_name} “{obj}”", team=team, action=action)
