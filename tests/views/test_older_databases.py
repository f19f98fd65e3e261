"""A database that the version before made opens unchanged: its rows show on every page."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from django.urls import reverse

from tuning.models import Dataset, HyperModel, Project, SavedModel, Search, Trial

# Where an earlier version ended, and the migrations that new installations take in one step.
BEFORE = "0041_dry_runs"
LAST, SQUASHED = "0059_gpus", "0001_squashed_0059_gpus"


@pytest.fixture
def _as_before(transactional_db: None) -> Iterator[None]:
    """Leaves the tables as they are now, whatever the test made of them."""
    yield
    call_command("migrate", verbosity=0)


def migrate_back_and_forth() -> None:
    """The tables of the version before have the same rows, without what has been added since."""
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    executor.migrate([("tuning", BEFORE)])
    done = MigrationLoader(connection).applied_migrations
    assert max(name for app, name in done if app == "tuning") == BEFORE
    call_command("migrate", verbosity=0)


@pytest.mark.slow
@pytest.mark.usefixtures("_as_before")
def test_every_page_shows_the_rows_of_the_version_before(
    alice: User, as_alice: Client, project: Project, search: Search, best: Trial,
    saved_model: SavedModel, dataset: Dataset, hypermodel: HyperModel,
) -> None:  # fmt: skip
    before = Trial.objects.order_by("pk").values("values", "metrics", "score", "status")
    trials: list[dict[str, Any]] = list(before)
    migrate_back_and_forth()
    assert list(before.all()) == trials
    pages = {
        "project-list": [], "dataset-list": [], "hypermodel-list": [],
        "project-detail": [project.pk], "search-create": [project.pk],
        "search-detail": [search], "trial-list": [search], "search-failures": [search],
        "trial-detail": [best], "saved-model-detail": [saved_model],
        "dataset-detail": [dataset.pk], "hypermodel-detail": [hypermodel.pk],
    }  # fmt: skip
    for name, keys in pages.items():
        assert as_alice.get(reverse(name, args=keys)).status_code == 200, name
    assert "0.9500" in as_alice.get(reverse("search-detail", args=[search])).content.decode()


@pytest.mark.slow
def test_new_installations_get_the_tables_that_earlier_ones_came_to() -> None:
    step = MigrationLoader(None).project_state(("tuning", SQUASHED))
    steps = MigrationLoader(None, replace_migrations=False).project_state(("tuning", LAST))
    assert step.models.keys() == steps.models.keys()
    graph = MigrationLoader(None).graph
    for before, after in ((steps, step), (step, steps)):
        assert not MigrationAutodetector(before, after).changes(graph)
