"""Redis's users of joined machines. Their rights: `tests/system/test_joining.py`."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import timezone

from tuning.actions.redis_users import create_user, delete_user, restore_users, user_of
from tuning.models import Machine

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture
def machine(settings: Any, redis_url: str) -> Machine:
    settings.REDIS_URL = redis_url
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {}
    now = timezone.now()
    return Machine.objects.create(
        name="gpu-1", token_digest="0", token_expires_at=now + timedelta(hours=1), joined_at=now
    )


def test_users_that_redis_has_forgotten_come_back(machine: Machine, redis_url: str) -> None:
    password = create_user(machine)
    machine.save()
    with redis.Redis.from_url(redis_url, username=user_of(machine), password=password) as client:
        assert client.ping()
    with redis.Redis.from_url(redis_url) as owner:
        # As a restart does.
        owner.acl_deluser(user_of(machine))
        restore_users()
        with redis.Redis.from_url(
            redis_url, username=user_of(machine), password=password
        ) as client:
            assert client.ping()
        delete_user(machine)
        assert user_of(machine) not in owner.acl_users()


def test_a_machine_that_is_being_removed_gets_no_user_back(
    machine: Machine, redis_url: str
) -> None:
    create_user(machine)
    machine.save()
    with redis.Redis.from_url(redis_url) as owner:
        owner.acl_deluser(user_of(machine))
        Machine.objects.revoke_token(machine.pk)
        restore_users()
        assert user_of(machine) not in owner.acl_users()


def test_where_redis_makes_no_users_machines_share_the_site_s(
    machine: Machine, redis_url: str, settings: Any
) -> None:
    with redis.Redis.from_url(redis_url) as owner:
        owner.execute_command("ACL", "SETUSER", "site", "reset", "on", ">x", "~*", "&*", "+ping")
        settings.REDIS_URL = redis_url.replace("redis://", "redis://site:x@")
        assert create_user(machine) == ""
        assert machine.redis_digest == ""
        owner.acl_deluser("site")


def test_installations_that_share_a_server_have_users_of_their_own(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = []
    for database in ("tuneroom", "other"):
        monkeypatch.setitem(connection.settings_dict, "NAME", database)
        names.append(user_of(machine))
    assert names == [f"tuneroom_machine_{machine.pk}", f"other_machine_{machine.pk}"]
