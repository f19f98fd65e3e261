"""Pages that show model templates say what is known of their search spaces."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Dataset, HyperModel, Inspection, Project, Team
from tuning.protocol.statuses import Status


@pytest.fixture
def pages(as_alice: Client, hypermodel: HyperModel, dataset: Dataset) -> Any:
    """A function: the pages that show the template, as a client sees them."""

    def read(client: Client = as_alice) -> list[str]:
        detail = reverse("hypermodel-detail", args=[hypermodel.pk])
        step = f"?step=template&dataset={dataset.pk}&hypermodel={hypermodel.pk}"
        urls = [reverse("project-create") + step, reverse("hypermodel-list"), detail]
        return [client.get(url).content.decode() for url in urls]

    return read


def test_a_known_space_is_shown_with_its_dataset(pages: Any, project: Project) -> None:
    for page in pages():
        assert "Validated on Test digits" in page
        assert "Unlimited combinations" in page
        assert "8 to 64 in steps of 8" in page
        assert "optimizer is sgd" in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (None, "not validated yet. A new project"),
        (Status.QUEUED, "not validated yet. A worker"),
        (Status.RUNNING, "validating on Test digits"),
        (Status.FAILED, "validation on Test digits failed"),
    ],
)
def test_an_unknown_space_says_so(
    status: Status | None, words: str, pages: Any, dataset: Dataset, hypermodel: HyperModel
) -> None:
    if status:
        Inspection.objects.create(dataset=dataset, hypermodel=hypermodel, status=status)
    for page in pages():
        assert words.lower() in page.lower()
        assert "Validated on" not in page


def test_a_dataset_on_which_it_was_read_goes_before_one_on_which_it_was_not(
    pages: Any, project: Project, dataset: Dataset, hypermodel: HyperModel
) -> None:
    Dataset.objects.filter(pk=dataset.pk).update(name="Later")
    first = Dataset.objects.create(pk=dataset.pk - 1, key="first", name="First", kind="image")
    inspection = Inspection.objects.create(dataset=first, hypermodel=hypermodel)
    assert all("Validated on Later" in page for page in pages())
    Inspection.objects.filter(pk=inspection.pk).update(status=Status.COMPLETED)
    assert all("Validated on First" in page for page in pages())


def test_what_is_built_in_is_shown_to_everybody(
    pages: Any, as_charlie: Client, project: Project
) -> None:
    assert all("Validated on Test digits" in page for page in pages(as_charlie))


def test_strangers_hear_nothing_of_a_team_s_data(
    pages: Any, as_charlie: Client, project: Project, team: Team
) -> None:
    Dataset.objects.update(team=team)
    assert all("Validated on Test digits" in page for page in pages())
    assert not any("Test digits" in page for page in pages(as_charlie))


def test_strangers_hear_nothing_of_a_team_s_template(
    pages: Any, as_charlie: Client, project: Project, team: Team
) -> None:
    HyperModel.objects.update(team=team)
    assert all("Validated on Test digits" in page for page in pages())
    assert not any("Validated on" in page for page in pages(as_charlie))


@pytest.mark.parametrize("name", ["project-create", "hypermodel-list"])
def test_the_number_of_queries_does_not_grow(
    name: str, as_alice: Client, project: Project, dataset: Dataset,
    django_assert_max_num_queries: Any,
) -> None:  # fmt: skip
    query = f"?step=template&dataset={dataset.pk}&hypermodel={project.hypermodel.pk}"
    url = reverse(name) + query
    with django_assert_max_num_queries(20) as before:
        as_alice.get(url)
    for number in range(10):
        hypermodel = HyperModel.objects.create(key=f"t{number}", name=f"T{number}", kinds=["image"])
        Inspection.objects.create(
            dataset=dataset, hypermodel=hypermodel, status=Status.COMPLETED,
            space=project.inspection.space,
        )  # fmt: skip
    with django_assert_max_num_queries(len(before)):
        as_alice.get(url)
