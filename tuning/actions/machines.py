"""Machines that join: a token for one, joining with it, and removing a machine again."""

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import redis
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from tuning.models import Machine, Release, Worker
from tuning.protocol import release
from webapp.joined import FOLDER

from . import redis_users, worker_roles
from .audit import record

# Scanners of leaked secrets find tokens by their beginning.
PREFIX = "tuneroom_join_"
# What has to be the same on all machines that work for a site: those that the site itself has.
SHARED = (
    "STORAGE_URL", "STORAGE_CACHE_MB", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "AWS_DEFAULT_REGION", "CHECKPOINT_SECONDS", "MODEL_MAX_MB",
    "RUNNER_NETWORK", "SANDBOX_MIN_LEVEL", "WEIGHTS_URL", "TEAM_STORAGE_MB", "TEAM_FILES",
    "TEAM_SLOTS", "TEAM_TRIALS",
    # Whether mails are written. The site sends them.
    "EMAIL_HOST",
)  # fmt: skip


INVALID = (
    "This token is not valid: it was used, revoked, or has expired. An administrator can create "
    "another one on the workers page."
)


class JoinRefused(Exception):
    """The text says why, and what to do."""


class NotRemoved(Exception):
    """The text says what is left to do."""


def obstacle() -> str:
    """Why no machine can join this site, and what to do; "" if machines can."""
    if not worker_roles.is_possible():
        return (
            "This site uses SQLite, which only its own machine can reach. Move it to PostgreSQL "
            "(manage.py move --to postgres://…) and set DATABASE_URL."
        )
    if not settings.REDIS_URL:
        return "This site has no Redis server. Set REDIS_URL, which workers on all machines need."
    if not settings.STORAGE_URL:
        return (
            "This site stores files in its own data folder. Set STORAGE_URL to a storage that all "
            "machines reach, and run: manage.py fill_storage"
        )
    if not worker_roles.may_make_roles():
        return (
            "The site’s database role may not create roles for machines. As an administrator of "
            "PostgreSQL, run: ALTER ROLE … CREATEROLE"
        )
    return ""


@transaction.atomic
def add_machine(by: Any, name: str, hours: int) -> str:
    """The token, which nobody can read again."""
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + timedelta(hours=hours)
    Machine.objects.create(
        name=name, token_digest=_digest(token), token_expires_at=expires_at, created_by=by
    )
    record("machine.add", f"machine “{name}”", by=by)
    return token


def join(token: str, protocol: int, host: str) -> dict[str, Any]:
    """What the machine needs to work for this site. Uses up the token, unless it raises
    JoinRefused."""
    machine = Machine.objects.awaited().filter(token_digest=_digest(token)).first()
    if machine is None:
        raise JoinRefused(INVALID)
    if reason := obstacle() or _other_version(protocol):
        raise JoinRefused(reason)
    files: dict[str, str] = {}
    database = _with_certificates(
        settings.WORKER_DATABASE_URL, "sslrootcert", "database-ca.pem", files
    )
    broker = _with_certificates(settings.WORKER_REDIS_URL, "ssl_ca_certs", "redis-ca.pem", files)
    with transaction.atomic():
        if not Machine.objects.join(machine.pk, host):
            raise JoinRefused("Another machine has just used this token.")
        password = secrets.token_urlsafe(32)
        role = worker_roles.create_role(machine, password)
        try:
            redis_password = redis_users.create_user(machine)
        except (redis.RedisError, OSError) as error:
            raise JoinRefused(f"The site’s Redis did not answer: {error}. Try again.") from None
        machine.save(update_fields=["redis_digest"])
        record("machine.join", f"machine “{machine.name}”", by=machine.created_by, host=host)
    if redis_password:
        broker = _signed_in(broker, redis_users.user_of(machine), redis_password)
    elif "@" not in urlsplit(broker).netloc:
        broker = _signed_in_as_site(broker)
    return {
        "name": machine.name,
        "settings": {name: os.environ[name] for name in SHARED if os.environ.get(name)}
        | {
            "STORAGE_URL": settings.STORAGE_URL,
            "DATABASE_URL": _signed_in(database, role, password),
            "REDIS_URL": broker,
        },
        "files": files,
    }


def remove(machine: Machine, by: Any) -> None:
    """Revoke its token, or its role and its connections: what it runs is lost and runs again
    elsewhere. Raises NotRemoved; it can be repeated."""
    # Before anything is looked for: a machine that joins at this moment would keep its role.
    if not Machine.objects.revoke_token(machine.pk):
        # Another request removed it.
        return
    machine.refresh_from_db(fields=["redis_digest"])
    worker_roles.drop_role(machine)
    try:
        redis_users.delete_user(machine)
    except (redis.RedisError, OSError) as error:
        raise NotRemoved(
            f"{machine.name} can no longer reach the database, but Redis did not answer: {error}. "
            "Remove it again."
        ) from None
    with transaction.atomic():
        rows = Worker.objects.filter(name__startswith=f"{machine.name}@", stopped_at=None)
        rows.update(stopped_at=Now())
        record("machine.remove", f"machine “{machine.name}”", by=by)
        machine.delete()


def _other_version(protocol: int) -> str:
    row = Release.objects.get(pk=Release.ONLY)
    return release.refusal(protocol, row.worker_protocol, row.oldest_worker_protocol)


def _signed_in(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(user)}:{quote(password)}@{place}").geturl()


def _signed_in_as_site(url: str) -> str:
    """Of Redis, with the site's own user and password, if it has any."""
    parts, own = urlsplit(url), urlsplit(settings.REDIS_URL).netloc
    user, at, _ = own.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{parts.netloc}").geturl()


def _with_certificates(url: str, option: str, name: str, files: dict[str, str]) -> str:
    """The address with the site's file of certificates as one of the machine's own, which `files`
    gets. Keys that are the site's stay with it."""
    parts = urlsplit(url)
    own = ("sslcert", "sslkey", "ssl_certfile", "ssl_keyfile")
    options = [(key, value) for key, value in parse_qsl(parts.query) if key not in own]
    for place, (key, value) in enumerate(options):
        if key == option and value != "system":
            try:
                files[name] = Path(value).read_text()
            except OSError as error:
                raise JoinRefused(f"The site cannot read {value}: {error.strerror}.") from None
            options[place] = (key, f"{FOLDER}/{name}")
    return parts._replace(query=urlencode(options, safe="{}/")).geturl()


def _digest(token: str) -> str:
    # No slow password hash: 256 random bits cannot be guessed from their digest.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
