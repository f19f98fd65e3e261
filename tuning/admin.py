"""The admin pages: for looking things up. Work and its results are changed by workers alone."""

from typing import Any

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from tuning.actions.people import StaysActive, activate, deactivate, refusal_to_leave
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

admin.site.unregister(get_user_model())


class PersonChangeForm(UserChangeForm):
    # Who changes the account.
    by: Any

    def clean_is_active(self) -> bool:
        is_active: bool = self.cleaned_data["is_active"]
        was_active = get_user_model().objects.get(pk=self.instance.pk).is_active
        if was_active and not is_active and (refusal := refusal_to_leave([self.instance], self.by)):
            raise ValidationError(refusal)
        return is_active


@admin.register(get_user_model())
class PersonAdmin(UserAdmin):
    """Accounts are activated, deactivated and deleted by the rules of the People page."""

    form = PersonChangeForm

    def get_form(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        form: Any = super().get_form(request, *args, **options)
        form.by = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        if change and "is_active" in form.changed_data:
            try:
                activate(obj) if obj.is_active else deactivate(obj, by=request.user)
            except StaysActive as error:
                # Another administrator was faster.
                raise PermissionDenied(str(error)) from error
        super().save_model(request, obj, form, change)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Of one account and of several selected ones."""
        objects, counts, missing, protected = super().get_deleted_objects(objs, request)
        if refusal := refusal_to_leave(objs, request.user):
            protected = [refusal]
        return objects, counts, missing, protected


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
