"""The admin pages: for looking things up. Work and its results are changed by workers alone."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from tuning.models import (
    Dataset,
    HyperModel,
    Membership,
    Project,
    Role,
    SavedModel,
    Search,
    Team,
    Trial,
    Worker,
)


class MembershipFormSet(BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        rows = [form.cleaned_data for form in self.forms if not form.cleaned_data.get("DELETE")]
        owners = (row["user"] for row in rows if row.get("role") == Role.OWNER)
        if not any(user.is_active for user in owners):
            raise ValidationError("A team needs an owner whose account is active.")


class MembershipInline(admin.TabularInline):
    model = Membership
    formset = MembershipFormSet
    extra = 0


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    list_display = ["name", "created_at"]
    # Its quotas, its weight (never 0) and its archiving have pages that check them.
    fields = ["name"]
    inlines = [MembershipInline]


class ReadOnlyAdmin(admin.ModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Project)
class ProjectAdmin(ReadOnlyAdmin):
    list_display = ["name", "team", "dataset", "hypermodel", "created_at"]
    list_select_related = ["team", "dataset", "hypermodel"]


@admin.register(Search)
class SearchAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "status", "tuner", "objective", "created_at"]
    list_select_related = ["project"]
    list_filter = ["status", "tuner"]


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "status", "score", "worker", "started_at", "finished_at"]
    list_select_related = ["search__project", "worker"]
    list_filter = ["status"]


@admin.register(SavedModel)
class SavedModelAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "status", "size", "created_at"]
    list_select_related = ["project", "trial"]


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ["name", "kind", "task", "source", "status"]


@admin.register(HyperModel)
class HyperModelAdmin(ReadOnlyAdmin):
    list_display = ["name", "key", "version", "superseded"]


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ["name", "slots", "seen_at", "stopped_at"]
