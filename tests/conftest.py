"""What every test can use: the cast. alice owns the team, bob edits, dora may only look, charlie is
a stranger."""

# ruff: noqa: E402

import contextlib
import gc
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

# Before Django reads its settings, so pytest-django must not do it by itself: tests write into a
# folder of their own, never into the one that the site here uses.
os.environ["TUNEROOM_DATA"] = tempfile.mkdtemp(prefix="tuneroom-tests-")
os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
# xdist's processes inherit this one and so share what lies there.
if "TUNEROOM_TESTS_PREPARED" not in os.environ:
    os.environ["TUNEROOM_TESTS_PREPARED"] = tempfile.mkdtemp(prefix="tuneroom-prepared-")
# Servers of tests are on this machine, also where everything else is behind a proxy.
for name in ("no_proxy", "NO_PROXY"):
    os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1,localhost")))

import django
import hypothesis
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

# The same cases each time, and as much time as they take: whether the tests pass must not depend on
# luck. `--hypothesis-profile default` looks for new cases.
hypothesis.settings.load_profile("ci")
# By itself it would also try the constants of all modules that are imported by then, which depend
# on the tests that this process has had before.
HypothesisProvider._local_constants = Constants()  # type: ignore[assignment]

django.setup()
# xdist's processes inherit the environment. With this variable pytest-django would read their
# settings before they come here, and all would write into the first one's folder.
del os.environ["DJANGO_SETTINGS_MODULE"]

import pytest
import pytest_django
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.middleware import csrf
from django.test import Client
from xdist.scheduler import LoadScopeScheduling

from tests.space import SPACE
from tuning.models import Dataset, HyperModel, Inspection, Membership, Project, Role, Search, Team
from tuning.protocol.data_kinds import DataKind
from tuning.protocol.statuses import Status
from tuning.protocol.tasks import Task
from webapp.deep_calls import with_room

pytest_plugins = ["tests.quick", "tests.services", "tests.storage.s3_server"]

DIGITS_FOLDER = f"test-digits-{os.getpid()}"


BROWSER = "tests/browser/"
# From this file on, tests share a second browser and a second Tuneroom: of one process, these tests
# would be the last to end.
SECOND_HALF = f"{BROWSER}test_notes.py"


class OneProcessAFile(LoadScopeScheduling):
    """Which tests have one of xdist's processes in common: those of a file, and each half of those
    that drive a browser."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        if not file.startswith(BROWSER):
            return file
        return f"{BROWSER}{'first' if file < SECOND_HALF else 'second'} half"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessAFile:
    return OneProcessAFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files go first, the longest turns before all, so that no process is left with one."""
    marks = ("browser", "tensorflow", "services", "slow")
    slow = {item.path for item in items if any(map(item.get_closest_marker, marks))}
    items.sort(key=lambda item: (not item.nodeid.startswith(BROWSER), item.path not in slow))


def pytest_collection_finish() -> None:
    """Modules and tests are no garbage: the collector need not look through them again. It comes
    seldom: what a test leaves behind is little, and looking for it took a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> object:
    """pytest's own, with room for its deep calls and those of the site: a seventh less time."""
    runner: Any = item.config.pluginmanager.getplugin("runner")
    return with_room(runner.pytest_runtest_protocol)(item=item, nextitem=nextitem)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """pytest-django's fixture, with a copy of one migrated database: migrations take seconds."""
    from tests.services import migrated_database

    with contextlib.closing(sqlite3.connect(migrated_database())) as migrated:
        name = "file:memorydb_default?mode=memory&cache=shared"
        connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
        with django_db_blocker.unblock():
            connection.ensure_connection()
            migrated.backup(connection.connection)


@pytest.fixture(scope="session", autouse=True)
def _quick_site() -> None:
    """Sign-ins without the slow password hash; a folder for static files, as setup makes it, that
    is not read anew for each client; tokens of forms in which no word can be found by chance that
    a page must not have."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    csrf.CSRF_ALLOWED_CHARS = "bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"
    settings.WHITENOISE_AUTOREFRESH = True
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture(autouse=True)
def _mails_for_passwords_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of a thread, whose connection would not see the rows of a test."""
    later = "tuning.views.password_resets.later"
    monkeypatch.setattr(later, lambda task, **options: task(**options))


@pytest.fixture(autouse=True)
def _nothing_shared() -> None:
    """Each test has rows of its own with the keys of the one before, and so names of files."""
    for each in caches.all():
        each.clear()
    # Hidden files are of a worker's storage watch, whose thread may outlive its test.
    for folder in settings.CHECKPOINTS_ROOT.glob("[!.]*"):
        shutil.rmtree(folder)


def _user(name: str) -> User:
    return User.objects.create_user(name, f"{name}@example.com", f"{name}-password-1")


@pytest.fixture
def team(db: None) -> Team:
    return Team.objects.create(name="Digits team")


@pytest.fixture
def alice(team: Team) -> User:
    user = _user("alice")
    Membership.objects.create(team=team, user=user, role=Role.OWNER)
    return user


@pytest.fixture
def bob(team: Team) -> User:
    user = _user("bob")
    Membership.objects.create(team=team, user=user, role=Role.EDITOR)
    return user


@pytest.fixture
def dora(team: Team) -> User:
    user = _user("dora")
    Membership.objects.create(team=team, user=user, role=Role.VIEWER)
    return user


@pytest.fixture
def charlie(db: None) -> User:
    user = _user("charlie")
    Membership.objects.create(team=Team.objects.create(name="Others"), user=user, role=Role.OWNER)
    return user


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def as_dora(dora: User) -> Client:
    return _signed_in(dora)


@pytest.fixture
def as_charlie(charlie: User) -> Client:
    return _signed_in(charlie)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def dataset(db: None) -> Dataset:
    """A prepared dataset, as far as rows go: there are no arrays behind it."""
    return Dataset.objects.create(
        key="test-digits",
        name="Test digits",
        source=Dataset.Source.BUNDLED,
        kind=DataKind.IMAGE,
        task=Task.CLASSIFICATION,
        size_text="1,797 images of 8 x 8 pixels, 10 classes",
        status=Status.COMPLETED,
        requested=True,
        folder=DIGITS_FOLDER,
        profile={"rows": 1797, "input_shape": [8, 8, 1], "num_classes": 10},
    )


@pytest.fixture
def hypermodel(db: None) -> HyperModel:
    return HyperModel.objects.create(
        key="test-cnn", name="Test CNN", code="def build_model(hp): ...", kinds=["image"]
    )


@pytest.fixture
def project(team: Team, alice: User, dataset: Dataset, hypermodel: HyperModel) -> Project:
    project = Project.objects.create(
        team=team, name="Digits", dataset=dataset, hypermodel=hypermodel, created_by=alice
    )
    Inspection.objects.create(
        dataset=dataset,
        hypermodel=hypermodel,
        status=Status.COMPLETED,
        space=SPACE,
        metrics=["accuracy", "loss", "val_accuracy", "val_loss"],
        parameters=1234,
    )
    return project


@pytest.fixture
def make_search(project: Project, alice: User) -> Any:
    """A function that starts a search with the given settings."""
    from tuning.actions.searches import start_search

    def make(**settings: Any) -> Search:
        defaults: dict[str, Any] = {
            "project": project,
            "objective": "val_accuracy",
            "direction": "max",
            "space": SPACE,
            "tuner": "random",
            "max_trials": 4,
            "epochs": 3,
        }
        return start_search(alice, Search(**{**defaults, **settings}))

    return make
