"""A team's own model templates: upload, paste, versions, differences, deleting."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tuning.actions.hypermodels import change_hypermodel, create_hypermodel
from tuning.actions.projects import use_newest_version
from tuning.forms.hypermodels import syntax_problem
from tuning.models import Dataset, HyperModel, Inspection, Membership, Project, Role, Search, Team
from tuning.protocol.orders import Split
from tuning.protocol.statuses import Status

URL = "/templates/new/"
CODE = "def build_model(hp):\n    return hp.Int('units', 1, 2)\n"


def data(**values: Any) -> dict[str, Any]:
    return {"name": "Ours", "description": "", "kinds": ["image"], "code": CODE, **values}


def file(content: bytes, name: str = "ours.py") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def text(response: Any) -> str:
    return str(response.content.decode().replace("&#x27;", "'").replace("&quot;", '"'))


@pytest.fixture
def own(team: Team, alice: User) -> HyperModel:
    return create_hypermodel(
        alice, HyperModel(team=team, name="Ours", code=CODE, kinds=["image", "table"])
    )


@pytest.fixture
def project_of_own(team: Team, own: HyperModel, dataset: Dataset) -> Project:
    project = Project.objects.create(team=team, name="P", dataset=dataset, hypermodel=own)
    Inspection.objects.create(dataset=dataset, hypermodel=own, status=Status.COMPLETED)
    return project


def changed(alice: User, own: HyperModel, code: str) -> HyperModel:
    values = {"name": own.name, "description": "", "kinds": own.kinds, "code": code,
              "constants": own.constants, "gpu": own.gpu}  # fmt: skip
    return change_hypermodel(alice, own, values)


def test_pasted_code_becomes_a_template_and_is_read(
    as_bob: Client, bob: User, team: Team, dataset: Dataset
) -> None:
    response = as_bob.post(URL, data(code=CODE.replace("\n", "\r\n")))
    own = HyperModel.objects.get()
    assert response["Location"] == reverse("hypermodel-detail", args=[own.pk])
    assert (own.team, own.created_by, own.version, own.code) == (team, bob, 1, CODE)
    inspection = Inspection.objects.awaited().get()
    assert (inspection.dataset, inspection.status) == (dataset, Status.QUEUED)
    page = text(as_bob.get(response["Location"]))
    assert "Validating on Test digits" in page
    assert "hx-get" in page.split("<main")[1]
    assert own in HyperModel.objects.current()


def test_a_file_goes_before_the_editor(as_alice: Client, team: Team) -> None:
    as_alice.post(URL, data(file=file(b"\xef\xbb\xbf# \xc3\xa4\n"), code="something else ("))
    assert HyperModel.objects.get().code == "# ä\n"


def test_the_chosen_dataset_is_used(as_alice: Client, dataset: Dataset) -> None:
    other = Dataset.objects.create(key="other", name="Other", kind="table", folder="")
    response = as_alice.post(URL, data(kinds=["image", "table"], dataset=other.pk))
    assert Inspection.objects.get().dataset == other
    other.refresh_from_db()
    assert other.requested
    assert f"?dataset={other.pk}" in response["Location"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"file": file(b"x = 1\n" * 40_000)}, "exceeds the limit of 200 KB"),
        ({"code": "x = 1\n" * 40_000}, "exceeds the limit of 200 KB"),
        ({"file": file(b"x = '\xff'\n")}, "not UTF-8 (byte 6)"),
        ({"file": file(b"x = 1\n", "notes.ipynb")}, "is not a .py file"),
        ({"file": file(b" \n")}, "The file is empty"),
        ({"code": ""}, "Upload a file or paste the code here"),
        ({"file": file(b"x = 1\x00\n")}, "NUL"),
        ({"name": ""}, "Enter a name for the template"),
        ({"kinds": []}, "Select at least one input type"),
        ({"code": "x = 1\ny = = 2\n"}, "Line 2, column 5: invalid syntax."),
        ({"constants": "depth = 3\nwidth"}, "Line 2: use the form name = value"),
        ({"constants": "depth = open('x')"}, "Line 1: the value of depth must be a number"),
        ({"constants": "a = 1\n\na = 2"}, "Line 3: a is already defined."),
    ],
)
def test_refused_with_a_sentence_and_nothing_kept(
    values: dict[str, Any], sentence: str, as_alice: Client
) -> None:
    response = as_alice.post(URL, data(**values))
    assert response.status_code == 422
    assert sentence in text(response)
    assert not HyperModel.objects.exists()
    assert not Inspection.objects.exists()


def test_constants_are_part_of_a_version(as_alice: Client, dataset: Dataset) -> None:
    typed = "depth = 3\nsizes = (8, 16)\nname = 'ours'"
    as_alice.post(URL, data(constants=typed, dataset=dataset.pk))
    first = HyperModel.objects.get()
    assert first.constants == {"depth": 3, "sizes": [8, 16], "name": "ours"}
    order = first.order(dataset, Split(0.7, 0.15, 0.15, 1, True))
    assert order.constants == first.constants
    assert "sizes = [8, 16]" in text(as_alice.get(reverse("hypermodel-detail", args=[first.pk])))

    edit = reverse("hypermodel-edit", args=[first.pk])
    assert "depth = 3\nsizes = [8, 16]" in text(as_alice.get(edit))
    as_alice.post(edit, data(constants="depth = 3\nsizes = [8, 16]\nname = 'ours'"))
    assert HyperModel.objects.count() == 1
    as_alice.post(edit, data(constants="depth = 4"))
    second = HyperModel.objects.get(version=2)
    assert (second.code, second.constants) == (first.code, {"depth": 4})
    page = text(as_alice.get(reverse("hypermodel-diff", args=[second.pk])))
    assert "Both versions have the same code." in page
    assert "<code>depth = 4</code>" in page
    assert "<code>depth = 3</code>" in page


def test_commands_of_a_notebook_are_no_syntax_errors(as_alice: Client) -> None:
    as_alice.post(URL, data(code=f"!pip install keras-tuner\n%matplotlib inline\n{CODE}"))
    assert HyperModel.objects.get().code.startswith("!pip")
    assert "Line 2" in syntax_problem("!pip install x\nx = = 1\n")


def test_a_dataset_must_fit(as_alice: Client, dataset: Dataset) -> None:
    response = as_alice.post(URL, data(kinds=["table"], dataset=dataset.pk))
    assert "match the template" in text(response)


def test_a_syntax_error_keeps_the_code(as_alice: Client) -> None:
    for values in ({"code": "one = 1 +\n"}, {"code": "", "file": file(b"one = 1 +\n")}):
        page = text(as_alice.post(URL, data(**values)))
        assert "Line 1, column" in page
        assert "one = 1 +\n</textarea>" in page


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"kinds": []}, {"constants": "depth ="}, {"dataset": "0"}]
)
def test_an_error_in_another_field_keeps_the_file(
    wrong: dict[str, Any], as_alice: Client, own: HyperModel
) -> None:
    edit = reverse("hypermodel-edit", args=[own.pk])
    sent = file(b"def build_model(hp): ...\n")
    response = as_alice.post(edit, data(kinds=["image", "table"], file=sent) | wrong)
    assert response.status_code == 422
    assert "def build_model(hp): ...\n</textarea>" in text(response)
    checked = [
        box.data["value"] for box in response.context["form"]["kinds"] if box.data["selected"]
    ]
    assert checked == wrong.get("kinds", own.kinds)


@pytest.mark.parametrize("code", ["(" * 5_000, "-" * 50_000 + "1", "x\n  y\n z", "'\\d' is 1\n"])
def test_whatever_is_pasted_is_read_without_an_error_of_the_site(code: str) -> None:
    assert isinstance(syntax_problem(code), str)


def test_code_is_never_run_by_the_site(as_alice: Client) -> None:
    as_alice.post(URL, data(code="raise SystemExit('it ran')\n"))
    assert HyperModel.objects.exists()


def test_who_is_in_two_teams_chooses_one(as_alice: Client, alice: User, team: Team) -> None:
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.EDITOR)
    assert as_alice.post(URL, data()).status_code == 422
    as_alice.post(URL, data(team=second.pk))
    assert HyperModel.objects.get().team == second


def test_viewers_cannot_create(as_dora: Client) -> None:
    assert as_dora.post(URL, data())["Location"] == reverse("team-create")
    assert not HyperModel.objects.exists()


def test_changed_code_is_a_new_version(
    as_alice: Client, own: HyperModel, project_of_own: Project
) -> None:
    edit = reverse("hypermodel-edit", args=[own.pk])
    assert "return hp.Int" in text(as_alice.get(edit))
    response = as_alice.post(edit, data(code=CODE.replace("2", "4"), name="Ours, better"))
    old, new = HyperModel.objects.order_by("version")
    assert (old.code, old.superseded, old.name) == (CODE, True, "Ours")
    assert (new.version, new.superseded, new.name, new.key) == (2, False, "Ours, better", own.key)
    assert response["Location"] == reverse("hypermodel-detail", args=[new.pk])
    project_of_own.refresh_from_db()
    assert project_of_own.hypermodel == old
    assert new.inspections.get().requested


def test_unchanged_code_is_no_new_version(as_alice: Client, own: HyperModel) -> None:
    edit = reverse("hypermodel-edit", args=[own.pk])
    as_alice.post(edit, data(code=CODE.replace("\n", "\r\n"), description="Now with a text"))
    assert HyperModel.objects.get().description == "Now with a text"


@pytest.fixture
def typed(as_alice: Client, as_bob: Client, own: HyperModel) -> dict[str, Any]:
    """What Alice sends who opened version 1 before Bob saved version 2: a new description."""
    edit = reverse("hypermodel-edit", args=[own.pk])
    form = as_alice.get(edit).context["form"]
    as_bob.post(edit, data(code="bob = 1\n", kinds=own.kinds))
    shown = {field.html_name: field.value() for field in form if field.name != "file"}
    sent = {name: value for name, value in shown.items() if value is not None}
    return sent | {"description": "About it"}


def test_a_version_saved_meanwhile_is_not_lost(
    as_alice: Client, own: HyperModel, typed: dict[str, Any]
) -> None:
    edit = reverse("hypermodel-edit", args=[own.pk])
    response = as_alice.post(edit, typed)
    assert response.status_code == 422
    second = HyperModel.objects.get(superseded=False)
    assert (second.version, second.code, second.description) == (2, "bob = 1\n", "")
    page = text(response)
    assert "bob saved version 2 meanwhile." in page
    assert f'{reverse("hypermodel-diff", args=[second.pk])}?from=1"' in page
    assert "return hp.Int" in page
    assert "About it" in page


def test_saving_again_goes_on_from_what_was_typed(
    as_alice: Client, own: HyperModel, typed: dict[str, Any]
) -> None:
    edit = reverse("hypermodel-edit", args=[own.pk])
    form = as_alice.post(edit, typed | {"file": file(b"alice = 1\n")}).context["form"]
    again = {name: form[name].value() for name in ("based_on", "code")}
    as_alice.post(edit, typed | again)
    versions = HyperModel.objects.order_by("version").values_list("version", "code", "description")
    assert list(versions)[1:] == [(2, "bob = 1\n", ""), (3, "alice = 1\n", "About it")]


def test_an_old_version_s_address_edits_the_newest(
    as_alice: Client, alice: User, own: HyperModel
) -> None:
    changed(alice, own, "x = 2\n")
    as_alice.post(reverse("hypermodel-edit", args=[own.pk]), data(code="x = 3\n"))
    versions = HyperModel.objects.order_by("version").values_list("version", "code", "superseded")
    assert list(versions) == [(1, CODE, True), (2, "x = 2\n", True), (3, "x = 3\n", False)]


def test_the_page_lists_versions_and_their_difference(
    as_dora: Client, alice: User, own: HyperModel
) -> None:
    new = changed(alice, own, CODE.replace("2", "<4>"))
    page = text(as_dora.get(reverse("hypermodel-detail", args=[new.pk])))
    assert "Version 2 (current)" in page
    diff = reverse("hypermodel-diff", args=[new.pk])
    assert diff in page
    page = text(as_dora.get(diff))
    assert "Changes from version 1 to 2" in page
    assert "1 line added, 1 line removed" in page
    assert "<code>    return hp.Int('units', 1, &lt;4&gt;)</code>" in page
    assert "No other version" in text(as_dora.get(diff, {"from": "7"}))
    for wanted in ("x", "9" * 30, "-1"):
        assert "Changes from version 1" in text(as_dora.get(diff, {"from": wanted}))


def test_a_project_is_switched_to_the_newest_version(
    as_bob: Client, alice: User, own: HyperModel, project_of_own: Project
) -> None:
    page = reverse("project-detail", args=[project_of_own.pk])
    upgrade = reverse("project-upgrade", args=[project_of_own.pk])
    assert upgrade not in text(as_bob.get(page))
    new = changed(alice, own, "x = 2\n")
    assert "Use version 2 for new searches" in text(as_bob.get(page))
    as_bob.post(upgrade)
    project_of_own.refresh_from_db()
    assert project_of_own.hypermodel == new
    assert project_of_own.inspection.status == Status.QUEUED
    assert not use_newest_version(project_of_own)


def test_a_search_keeps_the_version_that_it_began_with(
    alice: User, own: HyperModel, project_of_own: Project, make_search: Any
) -> None:
    before: Search = make_search(project=project_of_own)
    new = changed(alice, own, "x = 2\n")
    use_newest_version(project_of_own)
    after: Search = make_search(project=project_of_own)
    before = Search.objects.get(pk=before.pk)
    assert (before.hypermodel, before.order().project.code) == (own, CODE)
    assert (after.hypermodel, after.order().project.code) == (new, "x = 2\n")
    assert before.inspection.hypermodel == own


def test_a_template_in_use_is_not_deleted(
    as_alice: Client, alice: User, own: HyperModel, project_of_own: Project
) -> None:
    new = changed(alice, own, "x = 2\n")
    url = reverse("hypermodel-delete", args=[new.pk])
    assert "1 project uses this template" in text(as_alice.get(url))
    response = as_alice.post(url)
    assert response.status_code == 409
    assert HyperModel.objects.count() == 2


def test_deleting_asks_first_and_takes_all_versions(
    as_bob: Client, alice: User, own: HyperModel
) -> None:
    changed(alice, own, "x = 2\n")
    url = reverse("hypermodel-delete", args=[own.pk])
    assert "2 versions" in text(as_bob.get(url))
    assert HyperModel.objects.count() == 2
    assert as_bob.post(url)["Location"] == reverse("hypermodel-list")
    assert not HyperModel.objects.exists()


NAMES = ("detail", "live", "diff", "edit", "delete", "inspect")


@pytest.mark.parametrize("name", NAMES)
def test_strangers_find_nothing(name: str, as_charlie: Client, own: HyperModel) -> None:
    url = reverse(f"hypermodel-{name}", args=[own.pk])
    statuses = {as_charlie.get(url).status_code, as_charlie.post(url).status_code}
    assert statuses <= {404, 405}
    assert 404 in statuses
    for page in ("hypermodel-list", "project-create"):
        assert "Ours" not in text(as_charlie.get(reverse(page)))


def test_viewers_look_and_see_no_buttons(as_dora: Client, own: HyperModel) -> None:
    page = text(as_dora.get(reverse("hypermodel-detail", args=[own.pk])))
    assert page.count("<form") == 1
    for word in ("Edit", "Delete", "Use in new project"):
        assert word not in page
    for name in ("edit", "delete", "inspect"):
        assert as_dora.post(reverse(f"hypermodel-{name}", args=[own.pk])).status_code == 403


def test_nobody_edits_what_is_built_in(as_alice: Client, hypermodel: HyperModel) -> None:
    for name in ("edit", "delete", "inspect"):
        url = reverse(f"hypermodel-{name}", args=[hypermodel.pk])
        assert as_alice.post(url).status_code == 404


def test_a_template_of_another_team_is_refused(
    as_alice: Client, alice: User, own: HyperModel, dataset: Dataset
) -> None:
    second = Team.objects.create(name="Second")
    Membership.objects.create(team=second, user=alice, role=Role.EDITOR)
    values = {"name": "P", "team": second.pk, "dataset": dataset.pk, "hypermodel": own.pk,
              "train_fraction": 0.7, "validation_fraction": 0.15, "test_fraction": 0.15,
              "split_seed": 0}  # fmt: skip
    assert "belongs to team Digits team" in text(as_alice.post("/projects/new/", values))
    assert not Project.objects.exists()


def test_what_was_found_is_shown(as_dora: Client, own: HyperModel, dataset: Dataset) -> None:
    samples = {"wanted": 20, "tried": 20, "failed": 5, "smallest": 10, "median": 2000,
               "largest": 300000, "first_failure": "ValueError in line 3: too small"}  # fmt: skip
    inspection = Inspection.objects.create(
        dataset=dataset, hypermodel=own, status=Status.COMPLETED, parameters=1234,
        summary="dense_7", samples=samples, note="The code is a script.",
    )  # fmt: skip
    url = reverse("hypermodel-detail", args=[own.pk])
    page = text(as_dora.get(url))
    for words in (
        "<b>1,234</b> parameters", "median 2,000 parameters (10 to 300,000)",
        "25 % (5) could not be built", "too small", "dense_7", "The code is a script.",
    ):  # fmt: skip
        assert words in page, words
    live = as_dora.get(reverse("hypermodel-live", args=[own.pk]))
    assert (live.status_code, live["HX-Refresh"]) == (204, "true")
    Inspection.objects.filter(pk=inspection.pk).update(
        status=Status.FAILED, failure_code="code_error", failure_message="It imports xgboost."
    )
    assert "It imports xgboost." in text(as_dora.get(url))


def test_a_failed_reading_is_tried_again(as_bob: Client, own: HyperModel, dataset: Dataset) -> None:
    Inspection.objects.create(
        dataset=dataset, hypermodel=own, status=Status.FAILED, failure_code="code_error"
    )
    as_bob.post(reverse("hypermodel-inspect", args=[own.pk]), {"dataset": dataset.pk})
    inspection = Inspection.objects.get()
    assert (inspection.status, inspection.failure, inspection.requested) == (
        Status.QUEUED, None, True,
    )  # fmt: skip
    as_bob.post(reverse("hypermodel-inspect", args=[own.pk]), {"dataset": "x"})
    assert Inspection.objects.count() == 1


def test_a_template_without_a_keras_model_shows_no_size(
    as_alice: Client, own: HyperModel, project_of_own: Project
) -> None:
    note = "Its tuner class Parabola runs each trial by itself (run_trial)."
    Inspection.objects.update(parameters=0, model_kind="custom", note=note, metrics=["x"])
    for address in (
        reverse("hypermodel-detail", args=[own.pk]),
        reverse("project-data", args=[project_of_own.pk]),
    ):
        page = text(as_alice.get(address))
        assert note in page
        assert "parameters." not in page
    page = text(as_alice.get(reverse("hypermodel-detail", args=[own.pk])))
    assert "The number of parameters is unknown" in page
