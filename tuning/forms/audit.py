"""The filters of the audit log, as its pages and the API take them."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from django import forms
from django.db.models import Q

from tuning.models.audit import ACCOUNT, AuditEntryQuerySet
from tuning.models.audit_kinds import AUDIT_KINDS, AuditGroup


def _day(label: str) -> forms.DateField:
    return forms.DateField(
        label=label, required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Enter a date such as 2026-01-31."},
    )  # fmt: skip


class AuditFilterForm(forms.Form):
    """`groups`: whose kinds can be chosen. Days are those of UTC."""

    person = forms.CharField(label="Username", required=False, max_length=150)
    kind = forms.ChoiceField(label="Activity", required=False)
    project = forms.CharField(label="Project", required=False, max_length=80)
    since = _day("From")
    until = _day("To")

    def __init__(self, data: Any = None, groups: Iterable[AuditGroup] = AuditGroup) -> None:
        super().__init__(data)
        groups = tuple(groups)
        self.fields["kind"].choices = [("", "All"), *map(_choices_of, groups)]  # type: ignore[attr-defined]
        if set(groups) == {AuditGroup.SIGN_INS}:
            # They are in no project.
            del self.fields["project"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and until < since:
            self.add_error("until", "Enter a day that is not before the first one.")
        return given

    def chosen(self, entries: AuditEntryQuerySet) -> AuditEntryQuerySet:
        """Those that match all filters. A person matches what they did, and what was done to their
        account."""
        given = self.cleaned_data
        if name := given["person"]:
            entries = entries.filter(Q(person=name) | Q(subject_kind=ACCOUNT, subject=name))
        if given["kind"]:
            entries = entries.filter(kind=given["kind"])
        if given.get("project"):
            entries = entries.filter(project__icontains=given["project"])
        if given["since"]:
            entries = entries.filter(at__gte=_moment(given["since"], time.min))
        if given["until"]:
            # The last day that there is has no day after it.
            entries = entries.filter(at__lte=_moment(given["until"], time.max))
        return entries


def _choices_of(group: AuditGroup) -> tuple[str, list[tuple[str, str]]]:
    kinds = AUDIT_KINDS.values()
    return group.value, [(kind.key, kind.label) for kind in kinds if kind.group == group]


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=UTC)
