"""Creating a project."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tuning.actions.projects import delete_project
from tuning.models import Dataset, HyperModel, Inspection, Membership, Project, Role, Team
from tuning.protocol.statuses import Status

URL = "/projects/new/"


def _data(dataset: Dataset, hypermodel: HyperModel, **values: Any) -> dict[str, Any]:
    return {
        "name": "New", "dataset": dataset.pk, "hypermodel": hypermodel.pk, "train_fraction": 0.7,
        "validation_fraction": 0.15, "test_fraction": 0.15, "split_seed": 0, **values,
    }  # fmt: skip


def _step(step: str, dataset: Dataset | None = None, hypermodel: HyperModel | None = None) -> str:
    """The address of a step with what was chosen."""
    chosen = {"dataset": dataset, "hypermodel": hypermodel}
    return f"{URL}?step={step}" + "".join(f"&{n}={row.pk}" for n, row in chosen.items() if row)


def _row_of(page: str, name: str) -> str:
    """A dataset or template among the rows to choose from."""
    rows = re.findall(r'<label class="pick-row.*?</label>', page, re.DOTALL)
    return next(row for row in rows if f"<b>{name}</b>" in row)


def _preview(page: str) -> str:
    return page[page.index('id="preview"') :]


def test_three_steps_lead_to_a_project(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    page = as_alice.get(URL).content.decode()
    assert "Select a dataset to see a preview" in page
    response = as_alice.get(f"{_step('data', dataset)}&next=1")
    assert response["Location"] == _step("template", dataset)
    response = as_alice.get(f"{_step('template', dataset, hypermodel)}&next=1")
    assert response["Location"] == _step("split", dataset, hypermodel)
    page = as_alice.get(response["Location"]).content.decode()
    assert 'value="Test digits with Test CNN"' in page
    for name, row in (("dataset", dataset), ("hypermodel", hypermodel)):
        assert f'<input type="hidden" name="{name}" value="{row.pk}">' in page


def test_the_chosen_row_has_a_preview(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel, project: Project
) -> None:
    dataset.kind = "table"
    dataset.profile = {
        "rows": 3, "input_shape": [2], "num_classes": 2, "class_counts": [1, 2],
        "class_names": ["no", "yes"], "target_name": "label", "feature_names": ["age", "<i>town"],
        "head": [[1.5, "Ulm", "no"]], "column_count": 2,
        "columns": [{"name": "age", "type": "number", "missing": 1},
                    {"name": "<i>town", "type": "category", "missing": 0}],
    }  # fmt: skip
    dataset.save()
    page = " ".join(_preview(as_alice.get(_step("data", dataset)).content.decode()).split())
    for words in ("Target: <b>label", "age</b>", "number, 1 missing", "&lt;i&gt;town</b>", "Ulm",
                  "rows of each class", "Classes: no, yes"):  # fmt: skip
        assert words in page, words
    page = _preview(as_alice.get(_step("template", dataset, hypermodel)).content.decode())
    assert "Validated on Test digits" in page
    assert "def build_model(hp)" in page


def test_what_does_not_fit_is_marked_with_the_reason(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    hypermodel.kinds = ["table"]
    hypermodel.save()
    reason = "“Test CNN” needs a table, but “Test digits” contains images."
    row = _row_of(as_alice.get(_step("template", dataset)).content.decode(), "Test CNN")
    assert reason in row
    assert " disabled" in row
    # Another dataset may be chosen all the same: then the template is chosen again.
    row = _row_of(as_alice.get(_step("data", None, hypermodel)).content.decode(), "Test digits")
    assert reason in row
    assert " disabled" not in row
    response = as_alice.get(f"{_step('data', dataset, hypermodel)}&next=1")
    assert response["Location"] == _step("template", dataset)


def test_another_dataset_keeps_a_template_that_fits(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.get(f"{_step('data', dataset, hypermodel)}&next=1")
    assert response["Location"] == _step("split", dataset, hypermodel)


def test_data_and_template_of_two_teams_do_not_fit(
    as_alice: Client, alice: User, dataset: Dataset, hypermodel: HyperModel, team: Team
) -> None:
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.OWNER)
    Dataset.objects.update(team=team)
    HyperModel.objects.update(team=second)
    reason = "“Test CNN” belongs to team Second, but “Test digits” belongs to team Digits team."
    assert reason in as_alice.get(_step("template", dataset)).content.decode()
    HyperModel.objects.update(team=None)
    page = as_alice.get(_step("split", dataset, hypermodel)).content.decode()
    assert f'<option value="{team.pk}" selected>' in page
    # Where she may only look, she cannot create a project.
    Membership.objects.filter(team=team).update(role=Role.VIEWER)
    row = _row_of(as_alice.get(_step("data", dataset)).content.decode(), "Test digits")
    assert "You have view-only access in its team, Digits team." in row


def test_a_step_without_a_choice_says_what_is_missing(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.get(f"{URL}?step=data&next=1")
    assert (response.status_code, "Select a dataset." in response.content.decode()) == (422, True)
    response = as_alice.get(f"{_step('template', dataset)}&next=1")
    assert "Select a model template." in response.content.decode()


@pytest.mark.parametrize(
    ("query", "step"),
    [
        ("", "Data"), ("?step=split", "Data"), ("?step=template", "Data"), ("?step=x", "Data"),
        ("?dataset={d}", "Template"), ("?step=split&dataset={d}", "Template"),
        ("?hypermodel={h}", "Data"), ("?dataset={d}&hypermodel={h}", "Name &amp; split"),
        ("?step=data&dataset={d}&hypermodel={h}", "Data"), ("?dataset=99999999999", "Data"),
        ("?dataset=-1&hypermodel=²", "Data"), ("?dataset=987654", "Data"),
    ],
)  # fmt: skip
def test_an_address_opens_the_step_that_it_reaches(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel, query: str, step: str
) -> None:
    url = URL + query.format(d=dataset.pk, h=hypermodel.pk)
    page = as_alice.get(url).content.decode()
    current = page[page.index('<li aria-current="step">') :]
    assert f"<b>{step}</b>" in current[: current.index("</li>")]


def test_nothing_that_was_entered_is_lost_on_an_error(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    values = {"name": "Ours", "description": "Why we do it", "test_fraction": "abc"}
    response = as_alice.post(URL, _data(dataset, hypermodel, **values, split_seed=7))
    page = response.content.decode()
    assert response.status_code == 422
    for text in ('value="Ours"', "Why we do it", 'value="abc"', 'value="7"', "Enter a number."):
        assert text in page, text
    assert f'name="dataset" value="{dataset.pk}"' in page


def test_alice_creates_a_project(
    as_alice: Client, alice: User, team: Team, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel))
    project = Project.objects.get()
    assert response["Location"] == reverse("project-detail", args=[project.pk])
    assert (project.team, project.created_by) == (team, alice)
    assert project.inspection.status == Status.QUEUED
    assert "Validating the template" in as_alice.get(response["Location"]).content.decode()


@pytest.mark.parametrize("keep", [True, False])
def test_the_split_that_the_data_bring_is_kept_or_not(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel, keep: bool
) -> None:
    dataset.profile |= {
        "parts": {"train": 1000, "validation": 0, "test": 797},
        "class_counts": [897, 900], "train_class_counts": [500, 500],
    }  # fmt: skip
    dataset.save()
    page = as_alice.get(_step("data", dataset)).content.decode()
    assert "Predefined split: 1,000 for training, 797 for test" in page
    page = as_alice.get(_step("split", dataset, hypermodel)).content.decode()
    assert "Keep the predefined split: 1,000 for training, 797 for test" in page
    assert re.search(r'<input type="checkbox" name="keep_parts"[^>]* checked', page)
    as_alice.post(URL, _data(dataset, hypermodel, **({"keep_parts": "on"} if keep else {})))
    project = Project.objects.get()
    assert project.split.given == keep
    page = " ".join(
        as_alice.get(reverse("project-data", args=[project.pk])).content.decode().split()
    )
    if keep:
        assert all(rows in page for rows in ("824 rows <", "176 rows <", "797 rows <"))
        assert "Predefined, seed" in page
    else:
        assert "1,258 rows, " in page
        assert "Predefined, seed" not in page
    assert "1,000 for training" in as_alice.get(f"/datasets/{dataset.pk}/").content.decode()


def test_projects_of_a_pair_share_what_is_known(
    as_alice: Client, project: Project, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel, split_seed=7))
    assert Inspection.objects.get().status == Status.COMPLETED
    assert "New search" in as_alice.get(response["Location"]).content.decode()


def test_a_project_has_a_failed_inspection_tried_again(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    """It failed while nobody waited for it."""
    Inspection.objects.create(
        dataset=dataset, hypermodel=hypermodel, status=Status.FAILED, failure_code="killed"
    )
    as_alice.post(URL, _data(dataset, hypermodel))
    inspection = Inspection.objects.get()
    assert (inspection.status, inspection.failure) == (Status.QUEUED, None)


def test_what_is_known_of_a_pair_outlives_its_projects(project: Project) -> None:
    delete_project(project)
    assert Inspection.objects.completed().exists()


def test_who_has_no_team_gets_one(
    client: Client, db: None, dataset: Dataset, hypermodel: HyperModel
) -> None:
    user = User.objects.create_user("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.post(URL, _data(dataset, hypermodel))
    assert Project.objects.get().team.memberships.get().user == user


def test_looking_at_the_form_founds_no_team(client: Client, db: None) -> None:
    user = User.objects.create_user("erin")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(URL).status_code == 200
    assert not Team.objects.exists()


def test_dora_is_sent_to_found_a_team(
    as_dora: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_dora.post(URL, _data(dataset, hypermodel))
    assert response["Location"] == reverse("team-create")
    assert not Project.objects.exists()


def test_a_team_of_strangers_is_refused(
    as_alice: Client, alice: User, charlie: User, dataset: Dataset, hypermodel: HyperModel
) -> None:
    own = Team.objects.create(name="Second")
    Membership.objects.create(team=own, user=alice, role=Role.OWNER)
    stranger = Team.objects.get(name="Others")
    response = as_alice.post(URL, _data(dataset, hypermodel, team=stranger.pk))
    assert response.status_code == 422
    assert not Project.objects.exists()


def test_a_template_that_does_not_fit_is_refused_beside_its_field(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    hypermodel.kinds = ["table"]
    hypermodel.save()
    response = as_alice.post(URL, _data(dataset, hypermodel))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["hypermodel"]


def test_parts_must_add_up_to_one(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    response = as_alice.post(URL, _data(dataset, hypermodel, test_fraction=0.3))
    assert "must add up to 1, not 1.15" in response.content.decode()


def test_a_failed_download_names_the_dataset_and_a_way_out(
    as_alice: Client, project: Project, dataset: Dataset
) -> None:
    Inspection.objects.update(status=Status.QUEUED)
    Dataset.objects.filter(pk=dataset.pk).update(
        folder="", status=Status.FAILED, failure_code="no_network", failure_message="No route."
    )
    url = reverse("project-detail", args=[project.pk])
    page = as_alice.get(url).content.decode()
    assert "The dataset Test digits could not be prepared" in page
    assert "Connect the worker to the internet" in page
    as_alice.post(reverse("project-inspect", args=[project.pk]))
    dataset.refresh_from_db()
    assert dataset.status == Status.QUEUED


def test_the_project_page_loads_anew_once_the_space_is_known(
    as_alice: Client, project: Project
) -> None:
    response = as_alice.get(reverse("project-live", args=[project.pk]))
    assert response["HX-Refresh"] == "true"


def test_errors_link_to_their_fields(as_alice: Client, dataset: Dataset, team: Team) -> None:
    page = as_alice.post(URL, {"name": "", "dataset": dataset.pk}).content.decode()
    assert "errors:" in page
    for key in ("id_name", "id_hypermodel"):
        assert f'<a href="#{key}">' in page
        assert f'id="{key}"' in page


def test_classes_can_be_balanced(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    dataset.profile |= {"class_counts": [1700, 97], "class_names": ["no", "yes"], "num_classes": 2}
    dataset.save()
    said = "The classes are imbalanced: “no” has 1,700 rows, “yes” 97 rows."
    assert said in as_alice.get(f"/datasets/{dataset.pk}/").content.decode()
    page = as_alice.get(_step("split", dataset, hypermodel)).content.decode()
    assert said in page
    as_alice.post(URL, _data(dataset, hypermodel, class_weights="on"))
    project = Project.objects.get()
    assert project.class_weights
    page = as_alice.get(reverse("project-data", args=[project.pk])).content.decode()
    assert "Balanced in training" in page


def test_numbers_have_no_classes_to_balance(
    as_alice: Client, dataset: Dataset, hypermodel: HyperModel
) -> None:
    Dataset.objects.update(task="regression")
    page = as_alice.get(_step("split", dataset, hypermodel)).content.decode()
    assert "Balance classes" not in page
    as_alice.post(URL, _data(dataset, hypermodel, class_weights="on"))
    assert not Project.objects.get().class_weights
