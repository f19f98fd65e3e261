"""What the site needs to be of use, for machines that watch it."""

import os
import shutil
import time
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from tuning.models import Worker
from tuning.storage.configured import store
from tuning.storage.contract import StorageError
from tuning.storage.transfers import try_out

# Once there is nothing to apply, this process's code needs nothing else.
_migrated = False
# A request to a store may cost money, and machines ask here every few seconds.
STORAGE_SECONDS = 60.0
_storage_checked = float("-inf")


def lacks_migrations() -> bool:
    """Whether tables or columns are missing."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def readiness() -> dict[str, str]:
    """What fails, by name; "" for what is well."""
    found = {}
    for name, check in CHECKS.items():
        try:
            found[name] = check()
        except DatabaseError:
            found[name] = "The database does not answer."
    return found


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return ""


def _migrations() -> str:
    global _migrated
    _migrated = _migrated or not lacks_migrations()
    return "" if _migrated else "Migrations have to be applied."


def _broker() -> str:
    if not settings.REDIS_URL:
        is_there = os.access(settings.BROKER_ROOT, os.W_OK)
        return "" if is_there else "The broker's folder cannot be written to."
    import redis

    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    try:
        with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return "Redis does not answer."
    return ""


def _storage() -> str:
    global _storage_checked
    kept = store()
    now = time.monotonic()
    if kept is None or now < _storage_checked + STORAGE_SECONDS:
        return ""
    try:
        try_out(kept)
    except StorageError as error:
        return str(error)
    _storage_checked = now
    return ""


def _worker() -> str:
    return "" if Worker.objects.available().exists() else "No worker is available."


def _disk() -> str:
    free = shutil.disk_usage(settings.DATA_ROOT).free
    return "" if free >= settings.DISK_FLOOR_MB << 20 else "Less disk is free than DISK_FLOOR_MB."


CHECKS: dict[str, Callable[[], str]] = {
    "database": _database,
    "migrations": _migrations,
    "broker": _broker,
    "storage": _storage,
    "worker": _worker,
    "disk": _disk,
}
