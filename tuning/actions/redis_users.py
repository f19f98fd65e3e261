"""Redis's users of joined machines, where Redis lets the site make some (version 6, and an own user
with the right to). They reach the broker's keys and no commands that look after a server.

Redis forgets them when it restarts without a file for them. So the site keeps the hash of each
password, and `restore_users` makes them again; meanwhile their workers do without messages.
"""

import hashlib
import logging
import secrets

import redis
from django.conf import settings
from django.db import transaction

from tuning.models import Machine

from .worker_roles import role_of

logger = logging.getLogger(__name__)

# All that kombu uses: its queue, its bindings, what is not acknowledged, and mail boxes. Scripts,
# with which it gives back locks, have no other rights than whoever runs them.
_RULES = (
    "resetkeys", "~celery*", "~_kombu*", "~unacked*", "~*pidbox*", "resetchannels", "&*",
    "nocommands", "+@all", "-@admin", "-@dangerous", "+info",
)  # fmt: skip


def user_of(machine: Machine) -> str:
    """As in PostgreSQL: installations that share a server must not replace each other's."""
    return role_of(machine)


def create_user(machine: Machine) -> str:
    """The user's password, whose hash the row gets; "" where Redis makes no users: then the machine
    shares the site's."""
    password = secrets.token_urlsafe(32)
    digest = hashlib.sha256(password.encode()).hexdigest()
    try:
        with _client() as client:
            _set_user(client, machine, digest)
    except redis.ResponseError as error:
        # Too old, or the site's own user may not.
        logger.warning("Redis makes no users of machines, which share the site's: %s", error)
        return ""
    machine.redis_digest = digest
    return password


def delete_user(machine: Machine) -> None:
    """It is signed out at once. Safe to repeat."""
    if machine.redis_digest:
        with _client() as client:
            client.acl_deluser(user_of(machine))


def restore_users() -> None:
    """Make those again that Redis has forgotten."""
    machines = list(Machine.objects.with_redis_user())
    if not machines or not settings.REDIS_URL:
        return
    try:
        with _client() as client:
            known = set(client.acl_users())
            for machine in machines:
                if user_of(machine) not in known:
                    _restore_user(client, machine)
    except (redis.RedisError, OSError) as error:
        logger.warning("users of machines could not be restored in Redis: %s", error)


@transaction.atomic
def _restore_user(client: redis.Redis, machine: Machine) -> None:
    """Unless it is being removed. Whoever removes it waits, and finds the user."""
    rows = Machine.objects.with_redis_user().select_for_update()
    if found := rows.filter(pk=machine.pk).first():
        _set_user(client, found, found.redis_digest)


def _set_user(client: redis.Redis, machine: Machine, digest: str) -> None:
    words = ("ACL", "SETUSER", user_of(machine), "reset", "on", f"#{digest}", *_RULES)
    client.execute_command(*words)  # type: ignore[no-untyped-call]


def _client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, **settings.CELERY_BROKER_TRANSPORT_OPTIONS)
