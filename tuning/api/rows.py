"""Rows as the schemas have them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from tuning.analysis.comments import comment_address
from tuning.analysis.front import front_of
from tuning.analysis.notes import Marks
from tuning.analysis.quotas import TeamMeters, meters_of
from tuning.analysis.roles import role_in
from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.table import value_of
from tuning.forms.searches import settings_of
from tuning.models import (
    Comment,
    Dataset,
    Delivery,
    HyperModel,
    Invitation,
    Membership,
    Notification,
    Project,
    SavedModel,
    Search,
    Team,
    Trial,
    Webhook,
    Work,
)
from tuning.models.people import display_name
from tuning.protocol.statuses import Status

from .bodies import NAMES


def page_url(request: HttpRequest, name: str, *args: Any) -> str:
    return request.build_absolute_uri(reverse(name, args=args))


def failure(row: Work) -> dict[str, Any] | None:
    code = row.failure
    if code is None:
        return None
    advice, message = row.failure_advice_alone, row.failure_message
    return {"code": code.value, "caption": code.caption, "advice": advice, "message": message}


def team(request: HttpRequest, row: Team) -> dict[str, Any]:
    return {
        **fields(row, "name", "archived_at", "created_at"),
        "id": row.pk,
        "role": role_in(request.user, row),
        "url": page_url(request, "team-detail", row.pk),
    }


def team_detail(request: HttpRequest, row: Team) -> dict[str, Any]:
    members = row.memberships.select_related("user")
    return {
        **team(request, row),
        "members": [_member(each) for each in members],
        "quotas": quotas(meters_of([row])[0]),
    }


def quotas(found: TeamMeters) -> list[dict[str, Any]]:
    return [
        {"name": meter.quota.name, "used": meter.used, "limit": meter.limit}
        for meter in found.meters
    ]


def invitation(row: Invitation) -> dict[str, Any]:
    return {
        **fields(row, "role", "email", "created_at", "expires_at"),
        "id": row.pk,
        "project": row.project_id,
        "invited_by": row.invited_by.get_username(),
    }


def _member(row: Membership) -> dict[str, Any]:
    user = row.user
    return {
        "username": user.get_username(), "name": display_name(user), "role": row.role,
        "active": user.is_active,
    }  # fmt: skip


def dataset(request: HttpRequest, row: Dataset) -> dict[str, Any]:
    picture = request.build_absolute_uri(f"/api/v1/datasets/{row.pk}/picture.png")
    return {
        **fields(
            row, "name", "description", "version", "kind", "task", "profile", "created_at",
            "published_at",
        ),
        "id": row.pk,
        "team": row.team and row.team.name,
        "status": Status.COMPLETED if row.is_ready else row.status,
        "awaits_choices": row.awaits_choices,
        "detected": row.detected_schema if row.awaits_choices else {},
        "failure": failure(row),
        "picture": picture if row.has_pictures else None,
        "url": page_url(request, "dataset-detail", row.pk),
    }  # fmt: skip


def template(request: HttpRequest, row: HyperModel) -> dict[str, Any]:
    return {
        **fields(
            row, "name", "description", "key", "version", "kinds", "gpu", "created_at",
            "published_at",
        ),
        "id": row.pk,
        "team": row.team and row.team.name,
        "url": page_url(request, "hypermodel-detail", row.pk),
    }  # fmt: skip


def project(request: HttpRequest, row: Project) -> dict[str, Any]:
    return {
        **fields(row, "name", "description", "created_at", "archived_at"),
        "id": row.pk,
        "team": row.team.name,
        "dataset": row.dataset_id,
        "template": row.hypermodel_id,
        "url": page_url(request, "project-detail", row.pk),
    }


def project_detail(request: HttpRequest, row: Project) -> dict[str, Any]:
    inspection = row.inspection
    dataset_failed = not row.dataset.is_ready and row.dataset.status == Status.FAILED
    work: Work = row.dataset if dataset_failed else inspection
    return {
        **project(request, row),
        "status": work.status,
        "task": row.data.task,
        "failure": failure(work),
        "space": inspection.space.get("space", []),
        "metrics": inspection.metrics,
    }


def search(request: HttpRequest, row: Any) -> dict[str, Any]:
    """Of a row with counts: `Search.objects.for_list()`."""
    counts = {status.value: getattr(row, f"{status}_count") for status in Status}
    return {
        **fields(
            row, "number", "name", "description", "status", "end_reason", "failure_message",
            "origin", "direction", "max_trials", "created_at", "finished_at",
        ),
        "project": row.project_id,
        "strategy": row.tuner,
        "objective": row.score_name,
        "trials": {**counts, "total": row.trial_count},
        "url": page_url(request, "search-detail", row),
    }  # fmt: skip


def search_detail(request: HttpRequest, row: Any) -> dict[str, Any]:
    several = row.has_several_objectives
    best = None if several else row.trials.best_first(row.direction).only("number", "score").first()
    return {
        **search(request, row),
        "objectives": [asdict(each) for each in row.objectives],
        "constraints": row.constraints,
        "front": [trial.number for trial in front_of(row).trials] if several else None,
        "best": best and best.number,
        "best_score": finite(best.score) if best else None,
        "settings": {NAMES.get(name, name): value for name, value in settings_of(row).items()},
        "space": row.space.get("space", []),
        "tags": list(row.tags.values_list("name", flat=True)),
    }


def trial(
    request: HttpRequest, of: Search, row: Trial, marks: Marks, columns: Iterable[Column] = ()
) -> dict[str, Any]:
    # Its address is made of its search's.
    row.search = of
    duration = row.duration if row.finished_at else None
    return {
        **fields(row, "number", "status", "is_baseline", "pinned", "values", "not_finite",
                 "parameters", "started_at", "finished_at"),
        "project": of.project_id,
        "search": of.number,
        "score": finite(row.score),
        "metrics": finite_only(row.metrics),
        "last_metrics": finite_only(row.last_metrics),
        "epochs": row.epochs_done,
        "seconds": duration.total_seconds() if duration is not None else None,
        "memory": row.peak_memory,
        "gpu": row.gpu_name or None,
        "gpu_memory": row.peak_gpu_memory,
        "gpu_use": row.gpu_use,
        "worker": row.trained_by or None,
        "failure": failure(row),
        "tags": marks.tags,
        "stars": marks.stars,
        "starred": marks.starred_by_me,
        "comments": marks.comments,
        "columns": {column.key: _cell(column, row, marks) for column in columns} or None,
        "url": page_url(request, "trial-detail", row),
    }  # fmt: skip


def _cell(column: Column, row: Trial, marks: Marks) -> Any:
    if column.key == "status":
        return row.status
    value = marks.tags if column.key == "tags" else value_of(column, row, marks)
    return finite(value) if isinstance(value, float) else value


def saved_model(request: HttpRequest, row: SavedModel) -> dict[str, Any]:
    is_there = bool(row.file)
    at = request.build_absolute_uri(f"/api/v1/projects/{row.project_id}/models/{row.number}")
    return {
        **fields(row, "number", "name", "version", "description", "stage", "status", "epochs",
                 "parameters", "size", "sha256", "versions", "created_at", "finished_at"),
        "project": row.project_id,
        "search": row.trial.search.number,
        "trial": row.trial.number,
        "failure": failure(row),
        "test_metrics": finite_only(row.test_metrics),
        "download": f"{at}/download" if is_there else None,
        "bundle": f"{at}/bundle" if is_there else None,
        "url": page_url(request, "saved-model-detail", row),
    }  # fmt: skip


def epoch(row: Any) -> dict[str, Any]:
    """Of a trial, or of a model, which has one execution."""
    execution = getattr(row, "execution", 0)
    return {
        **fields(row, "epoch", "seconds"),
        "execution": execution,
        "metrics": finite_only(row.metrics),
    }


def comment(request: HttpRequest, row: Comment) -> dict[str, Any]:
    return {
        **fields(row, "text", "created_at", "edited_at"),
        "id": row.pk,
        "author": row.author and row.author.get_username(),
        "url": request.build_absolute_uri(comment_address(row)),
    }


def fields(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def finite(value: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return value if value is not None and math.isfinite(value) else None


def finite_only(metrics: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: finite(value) for name, value in metrics.items()}


def notification(request: HttpRequest, row: Notification) -> dict[str, Any]:
    event = row.event
    return {
        "id": row.pk,
        "type": event.kind,
        "text": event.sentence,
        "project": event.project_id,
        "created_at": event.created_at,
        "read_at": row.read_at,
        "url": request.build_absolute_uri(event.path),
    }


def webhook(row: Webhook) -> dict[str, Any]:
    return {
        **fields(row, "url", "format", "kinds", "failing_since", "disabled_reason", "created_at"),
        "id": row.pk,
        "team": row.team_id,
        "project": row.project_id,
        "enabled": row.disabled_at is None,
    }


def delivery(row: Delivery) -> dict[str, Any]:
    return {
        **fields(row, "status", "tries", "response_status", "error", "created_at", "next_try_at"),
        "id": row.pk,
        "type": row.event.kind,
        "text": row.event.sentence,
    }
