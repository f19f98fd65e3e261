"""What workers are told of the version that prepared the database."""

from django.db import connections

from tuning.models import Release
from tuning.protocol import release


def note_release(using: str) -> None:
    """After `manage.py migrate`. One of an older version does not take back what a newer one did to
    the database."""
    if Release._meta.db_table not in connections[using].introspection.table_names():
        # Migrated to an older state.
        return
    rows = Release.objects.using(using)
    if rows.filter(worker_protocol__gt=release.WORKER_PROTOCOL).exists():
        return
    values = {
        "worker_protocol": release.WORKER_PROTOCOL,
        "oldest_worker_protocol": release.OLDEST_WORKER_PROTOCOL,
        "build": release.build(),
    }
    rows.update_or_create(pk=Release.ONLY, defaults=values)
