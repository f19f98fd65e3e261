"""`manage.py doctor`: what was found on this machine, what is missing, and what to do about it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.db.models.functions import Lower
from django.urls import reverse

from tuning.management.commands.bootstrap import first_password_file
from tuning.management.findings import Finding, Level, fail, ok, warn
from tuning.management.privacy import close_data_folder
from tuning.protocol.disk_errors import advice_for, reason_of, write_probe
from tuning.storage.configured import direct_store, store
from tuning.storage.contract import StorageError
from tuning.storage.cross_origin import takes_uploads_from
from tuning.storage.transfers import try_out

GIB = 1 << 30
LITTLE_DISK = 5 * GIB
HARDLY_ANY_DISK = 1 * GIB
SLOW_WRITE_SECONDS = 1.0
# What SQLite's locks and the broker's folder can't be trusted on.
NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "lustre", "glusterfs", "fuse.")


class Command(BaseCommand):
    help = "Check this machine: what Tuneroom found and what is missing."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        styles = {
            Level.OK: self.style.SUCCESS,
            Level.WARN: self.style.WARNING,
            Level.FAIL: self.style.ERROR,
        }
        failed = 0
        for finding in findings():
            level = styles[finding.level](f"{finding.level:<4}")
            self.stdout.write(f"{level}  {finding.subject}: {finding.text}")
            failed += finding.level is Level.FAIL
        if failed:
            raise CommandError(f"{failed} problem{'s' if failed > 1 else ''} to fix.")


def findings() -> Iterator[Finding]:
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        python, data_folder, storage, remote_storage, privacy, disk, database, broker, site,
        single_sign_on, gpus, isolation,
    )  # fmt: skip
    for check in checks:
        yield from check()


def python() -> Iterator[Finding]:
    number = ".".join(map(str, sys.version_info[:3]))
    yield ok("Python", f"{number} in {sys.prefix}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield warn(
            "User",
            "Tuneroom runs as root. Runners drop these privileges (see Isolation below), but the "
            "site and the worker do not. Use an unprivileged user.",
        )


def data_folder() -> Iterator[Finding]:
    root = Path(settings.DATA_ROOT)
    kind = file_system(root, Path("/proc/mounts"))
    if not os.access(root, os.W_OK):
        yield fail("Data folder", f"{root} can't be written to. Change its owner or TUNEROOM_DATA.")
    elif kind.startswith(NETWORK_FILE_SYSTEMS) and not (
        settings.DATABASE_URL and settings.REDIS_URL
    ):
        yield warn(
            "Data folder",
            f"{root} is on a network file system ({kind}), where SQLite and the broker's folder "
            "lose data. Use a local disk, or set DATABASE_URL and REDIS_URL.",
        )
    else:
        yield ok("Data folder", f"{root} ({kind})" if kind else str(root))


def storage() -> Iterator[Finding]:
    """Files are written, synced and removed in each folder: permissions alone do not say it."""
    roots = (
        settings.DATASETS_ROOT, settings.SAVED_MODELS_ROOT, settings.CHECKPOINTS_ROOT,
        settings.RUNNERS_ROOT, settings.DOWNLOADS_ROOT, settings.UPLOADS_ROOT,
        settings.PREDICTIONS_ROOT, settings.BROKER_ROOT, settings.LOCKS_ROOT, settings.RESUME_ROOT,
    )  # fmt: skip
    slowest, is_writable = 0.0, True
    for root in roots:
        started = time.monotonic()
        try:
            write_probe(root, sync=True)
        except OSError as error:
            is_writable = False
            text = f"{root} can't be written to ({reason_of(error)}). {advice_for(error)}"
            yield fail("Storage", text)
        slowest = max(slowest, time.monotonic() - started)
    if slowest > SLOW_WRITE_SECONDS:
        yield warn(
            "Storage",
            f"a small file took {slowest:.1f} s to be written. Trials wait for the disk: check it, "
            "or the network to it.",
        )
    elif is_writable:
        yield ok("Storage", f"{len(roots)} folders can be written to")


def privacy() -> Iterator[Finding]:
    changed, left = close_data_folder()
    if left:
        yield fail(
            "Privacy",
            f"other accounts can access {len(left)} files in the data folder that belong to "
            f"another account, such as {left[0]}. Change their owner or their permissions.",
        )
    elif changed:
        yield warn(
            "Privacy",
            f"removed permissions of other accounts on {changed} files in the data folder.",
        )
    else:
        yield ok("Privacy", "no other account can read the data folder")


def file_system(path: Path, mounts: Path) -> str:
    """The kind of file system that a path is on, as the kernel calls it; "" if unknown."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for _, where, this_kind, *_ in map(str.split, lines):
        # The kernel writes a space as \040.
        where = where.replace("\\040", " ")
        inside = path == Path(where) or Path(where) in path.parents
        if inside and len(where) >= len(best):
            best, kind = where, this_kind
    return kind


def disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_ROOT).free
    text = f"{free / GIB:.1f} GiB free in {settings.DATA_ROOT}"
    if free < settings.DISK_FLOOR_MB << 20:
        yield fail("Disk", f"{text}, less than DISK_FLOOR_MB. No trial starts. Free disk space.")
    elif free < HARDLY_ANY_DISK:
        yield fail("Disk", f"{text}. Free disk space for models and datasets.")
    elif free < LITTLE_DISK:
        yield warn("Disk", f"{text}. Large datasets may not fit.")
    else:
        yield ok("Disk", text)


def remote_storage() -> Iterator[Finding]:
    kept = store()
    if kept is None:
        return
    try:
        try_out(kept)
    except StorageError as error:
        yield fail("Remote storage", f"{error} Check STORAGE_URL, its server and the keys.")
    else:
        yield ok("Remote storage", f"{settings.STORAGE_URL} can be written to")
        yield from _uploads_to_storage()


def _uploads_to_storage() -> Iterator[Finding]:
    """Whether browsers may send files there themselves."""
    of = direct_store()
    if of is None:
        return
    parts = urlsplit(settings.SITE_URL)
    origin = f"{parts.scheme}://{parts.netloc}"
    if takes_uploads_from(of, origin):
        yield ok("Direct uploads", f"the storage accepts uploads from pages of {origin}")
    else:
        yield warn(
            "Direct uploads",
            f"the storage refuses uploads from pages of {origin} (CORS), so they go through the "
            "site. Allow PUT from this origin in the bucket: see docs/deployment.md. If this is "
            "not the site's address, set SITE_URL.",
        )


def database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            sqlite = connection.vendor == "sqlite"
            cursor.execute(f"SELECT {'sqlite_version()' if sqlite else 'version()'}")
            number = str(cursor.fetchone()[0]).split(",")[0]
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # noqa: BLE001  whatever the driver says belongs on the line
        yield fail("Database", f"not reached ({_line(error)}). Check DATABASE_URL and its server.")
        return
    if plan:
        yield fail("Database", f"{len(plan)} migrations to apply. Run: make setup")
        return
    yield ok("Database", f"SQLite {number}" if sqlite else number)
    # Its models cannot be loaded before there is a database.
    from tuning.management.worker_checks import check_workers

    yield from check_workers()


def broker() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield ok("Broker", f"a folder, {settings.BROKER_ROOT}; one machine only")
        return
    import redis

    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=options["socket_timeout"],
            socket_connect_timeout=options["socket_connect_timeout"],
        ) as client:
            info: Any = client.info("server")
    except Exception as error:  # noqa: BLE001  as above
        yield fail("Broker", f"not reached ({_line(error)}). Check REDIS_URL and its server.")
    else:
        yield ok("Broker", f"Redis {info['redis_version']}")


def site() -> Iterator[Finding]:
    if settings.JOINED_AS:
        yield ok(
            "Site", f"{settings.JOINED_SITE}, which this machine joined as {settings.JOINED_AS}"
        )
        return
    if settings.DEBUG:
        yield warn("Site", "DEBUG is on: error pages show settings and code. Unset it.")
    if os.environ.get("HOST", "127.0.0.1") not in ("", "127.0.0.1", "localhost", "::1"):
        if not settings.HTTPS:
            yield warn(
                "Site",
                "the site is reachable over the network without HTTPS, so passwords are not "
                "encrypted. Use a reverse proxy with HTTPS and set HTTPS=1.",
            )
        if not os.environ.get("ALLOWED_HOSTS"):
            yield fail("Site", "answers only this machine. Set ALLOWED_HOSTS to the site's names.")
    if settings.HTTPS and not settings.TRUSTED_PROXIES:
        yield warn(
            "Site",
            "all people have the reverse proxy's address, so limits of failed sign-ins count them "
            "together. Set TRUSTED_PROXIES to its address.",
        )
    if (path := first_password_file()).exists():
        yield warn("First account", f"its password is still stored in {path}. Delete the file.")
    if not settings.EMAIL_HOST:
        yield warn("Mail", "EMAIL_HOST is not set: password resets are written to the site's log.")


def single_sign_on() -> Iterator[Finding]:
    if not settings.OIDC_ISSUER:
        return
    # Its library takes a third of a second.
    from tuning.views import identity_provider

    subject = "Single sign-on"
    try:
        identity_provider.client()
    except Exception as error:  # noqa: BLE001  whatever the library says belongs on the line
        text = f"{settings.OIDC_ISSUER} cannot be used ({_line(error)}). Check OIDC_ISSUER."
        yield fail(subject, text)
    else:
        callback = f"{settings.SITE_URL}{reverse('single-sign-on-callback')}"
        text = f"{settings.OIDC_ISSUER} answers. Register the redirect address {callback} there."
        yield ok(subject, text)
    if settings.OIDC_CREATE_ACCOUNTS:
        yield warn(
            subject,
            "OIDC_CREATE_ACCOUNTS is on: whoever can sign in there gets an account, and templates "
            "are code that runs on the workers.",
        )
    yield from _shared_email_addresses()


def _shared_email_addresses() -> Iterator[Finding]:
    """Nobody can sign in with these."""
    people = get_user_model().objects.filter(is_active=True).exclude(email="")
    counts = people.values(of=Lower("email")).annotate(count=Count("pk"))
    try:
        shared = list(counts.filter(count__gt=1)[:10])
    except DatabaseError:
        # Another check says so.
        return
    if shared:
        text = ", ".join(row["of"] for row in shared)
        yield warn("Single sign-on", f"several accounts have the same email address: {text}.")


def gpus() -> Iterator[Finding]:
    from tuning.supervisor import slots
    from tuning.supervisor.gpus import installed, seen_by_tensorflow

    try:
        number = version("tensorflow")
    except PackageNotFoundError:
        yield warn(
            "TensorFlow",
            "not installed: this machine can serve the site but not train. "
            "A worker needs requirements.txt.",
        )
        return
    present = installed()
    try:
        usable = seen_by_tensorflow(present)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        yield fail("TensorFlow", f"{number} can't be imported ({_line(error)}). Run: make setup")
        return
    yield ok("TensorFlow", number)
    for gpu in present:
        if gpu in usable:
            yield ok("GPUs", str(gpu))
        else:
            yield warn(
                "GPUs",
                f"TensorFlow can't use {gpu}. Install CUDA's libraries: "
                f'{sys.executable} -m pip install "tensorflow[and-cuda]=={number}"',
            )
    if usable:
        on_gpu, count = slots.gpu_slots(), slots.slot_count()
        yield ok("Slots", f"{on_gpu} with a GPU, {count - on_gpu} without")
    elif not present:
        yield ok("GPUs", f"none; {slots.slot_count()} slots on {slots.cores()} processor cores")


def isolation() -> Iterator[Finding]:
    from tuning.supervisor.gpus import installed
    from tuning.supervisor.isolation import HIGHEST_LEVEL, level, probe

    if installed() and level():
        yield warn(
            "Isolation, GPUs",
            "not tested with CUDA. If training fails, try SANDBOX_LEVEL=0.",
        )
    layers = probe()
    missing = [layer for layer in layers if not layer.active]
    text = f"level {level()} of {HIGHEST_LEVEL}"
    if level() < settings.SANDBOX_MIN_LEVEL:
        yield fail(
            "Isolation",
            f"{text}, below SANDBOX_MIN_LEVEL ({settings.SANDBOX_MIN_LEVEL}): a worker here takes "
            "no work. See the layers below, or lower the setting.",
        )
    else:
        yield (warn if missing else ok)("Isolation", text)
    for layer in layers:
        yield (ok if layer.active else warn)(f"Isolation, {layer.name.lower()}", layer.detail)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
