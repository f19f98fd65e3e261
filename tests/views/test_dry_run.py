"""A dry run from the form of a new search, and from a template's page."""

from dataclasses import asdict
from typing import Any

from django.test import Client
from django.urls import reverse

from tuning.models import Dataset, DryRun, HyperModel, Inspection, Project, Team
from tuning.protocol.events import ModelTried
from tuning.protocol.statuses import Status

TRIED = [
    asdict(ModelTried(1000 * n, 12_000 * n, 0.5 * n, 1.0)) for n in range(1, 20)
] + [asdict(ModelTried(failure="ValueError: <b>"))]  # fmt: skip


def form(as_bob: Client, project: Project) -> dict[str, Any]:
    page = as_bob.get(reverse("search-create", args=[project.pk])).context
    data = {field.html_name: field.value() or "" for field in page["form"]}
    return data | {"inspection": project.inspection.pk}


def test_the_form_keeps_its_place_beside_the_results(as_bob: Client, project: Project) -> None:
    data = form(as_bob, project)
    assert (
        'id="dry-run-panel"'
        in as_bob.get(reverse("search-create", args=[project.pk])).content.decode()
    )
    url = reverse("dry-run-create", args=[project.pk])
    data |= {"max_trials": 40, "epochs": 5, "batch_size": 64, "parallel_trials": 2}
    answer = as_bob.post(url, data)
    assert answer.status_code == 200
    assert "Waiting for a worker" in answer.content.decode()
    row = DryRun.objects.get()
    assert (row.batch_size, row.project, row.created_by.username) == (64, project, "bob")
    assert row.planned == {"trials": 40, "epochs": 200, "lanes": 2}
    live = reverse("dry-run-live", args=[row.pk])
    DryRun.objects.update(status=Status.COMPLETED, tried=TRIED)
    page = as_bob.get(live).content.decode()
    assert "hx-get" not in page
    assert "20 sampled models: 1 (5%) could not be built" in page
    assert "ValueError: &lt;b&gt;" in page
    assert page.count("<svg") == 3
    assert 'data-constraint="parameters">Exclude over 18,000 parameters</button> 1 of' in page
    assert 'data-limit="18000"' in page
    assert 'data-constraint="epoch_seconds"' in page
    # It is there again when the form is opened again.
    again = as_bob.get(reverse("search-create", args=[project.pk])).content.decode()
    assert "20 sampled models" in again


def test_a_fold_trains_on_fewer_rows(as_bob: Client, project: Project) -> None:
    url = reverse("dry-run-create", args=[project.pk])
    for entered, folds in (("", 0), ("4", 4)):
        data = form(as_bob, project) | {"folds": entered, "max_trials": 10, "epochs": 5}
        assert as_bob.post(url, data).status_code == 200
        row = DryRun.objects.get()
        assert (row.folds, row.order().folds) == (folds, folds)
        assert row.planned["epochs"] == 10 * 5 * (folds or 1)


def test_only_the_person_sees_it(as_bob: Client, as_alice: Client, project: Project) -> None:
    as_bob.post(reverse("dry-run-create", args=[project.pk]), form(as_bob, project))
    live = reverse("dry-run-live", args=[DryRun.objects.get().pk])
    assert as_bob.get(live).status_code == 200
    assert as_alice.get(live).status_code == 404


def test_a_templates_page_has_one_without_a_search(
    as_bob: Client, as_dora: Client, project: Project, hypermodel: HyperModel, team: Team
) -> None:
    HyperModel.objects.filter(pk=hypermodel.pk).update(team=team)
    page = reverse("hypermodel-detail", args=[hypermodel.pk])
    assert "Start dry run" in as_bob.get(page).content.decode()
    assert "Start dry run" not in as_dora.get(page).content.decode()
    url = reverse("hypermodel-dry-run", args=[hypermodel.pk])
    for wrong in ("", "x", "999999"):
        assert as_bob.post(url, {"inspection": wrong})["Location"] == page
    assert not DryRun.objects.exists()
    response = as_bob.post(url, {"inspection": project.inspection.pk})
    assert response["Location"].startswith(page)
    DryRun.objects.update(status=Status.COMPLETED, tried=TRIED)
    text = as_bob.get(page).content.decode()
    assert text.count("<svg") >= 3
    assert "data-constraint" not in text


def test_data_whose_space_was_freed_are_prepared_before_a_dry_run(
    as_bob: Client, project: Project, hypermodel: HyperModel, team: Team
) -> None:
    HyperModel.objects.filter(pk=hypermodel.pk).update(team=team)
    Dataset.objects.filter(pk=project.dataset_id).update(folder="")
    url = reverse("hypermodel-dry-run", args=[hypermodel.pk])
    page = as_bob.post(url, {"inspection": project.inspection.pk}, follow=True).content.decode()
    assert "Validate the template with a dataset first." in page
    assert not DryRun.objects.exists()


def test_custom_tuners_have_none(as_bob: Client, project: Project) -> None:
    Inspection.objects.filter(pk=project.inspection.pk).update(model_kind="custom")
    page = as_bob.get(reverse("search-create", args=[project.pk])).content.decode()
    assert "There is no dry run: a custom tuner builds" in page
    assert as_bob.post(reverse("dry-run-create", args=[project.pk]), {}).status_code == 404
