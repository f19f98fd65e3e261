"""Disk space, for administrators of the site. To everybody else there are no such addresses."""

from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router

from tuning.actions.disk import FREEABLE, Freeable
from tuning.analysis.disk_space import disk, team_rows

from . import rows
from .changes import check_administers
from .schemas import DiskOut

router = Router(tags=["Administration"])


@router.get("/disk", response=DiskOut)
def show_disk(request: HttpRequest) -> dict[str, Any]:
    """How full the disk is, what teams use, and what can be freed at which cost. In bytes."""
    check_administers(request)
    return _detail()


@router.post("/disk/{slug:name}/free", response=DiskOut)
def free_disk(request: HttpRequest, name: str) -> dict[str, Any]:
    """Free what `freeable` lists under this name, permanently."""
    check_administers(request)
    if name not in FREEABLE:
        raise Http404
    FREEABLE[name].free()
    return _detail()


def _detail() -> dict[str, Any]:
    return {
        **rows.fields(disk(), "total", "free", "floor"),
        "teams": [
            {"id": row.team.pk, "name": row.team.name, "used": row.use.total, "limit": row.limit}
            for row in team_rows()
        ],
        "freeable": [_freeable(each) for each in FREEABLE.values()],
    }


def _freeable(kind: Freeable) -> dict[str, Any]:
    found = list(kind.rows())
    return {
        **rows.fields(kind, "name", "caption", "cost"),
        "count": len(found),
        "size": sum(map(kind.size, found)),
    }
