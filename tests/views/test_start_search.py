"""Starting a search, and what can be done with it."""

from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.models import Inspection, Project, SavedModel, Search
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.script_settings import ScriptArgument, ScriptSettings
from tuning.protocol.statuses import SearchStatus

from .addresses import addressed

DEFAULTS = {
    "tuner": "random", "objective": "val_accuracy", "max_trials": 20, "epochs": 10,
    "executions_per_trial": 1, "batch_size": 32, "seed": 1, "parallel_trials": 2, "retries": 0,
    "max_consecutive_failures": 5, "time_limit": 3600, "stall_limit": 900,
}  # fmt: skip


def _url(name: str, row: Project | Search) -> str:
    return reverse(name, args=[addressed(row)])


def test_the_form_as_it_comes_starts_a_search(as_alice: Client, project: Project) -> None:
    form = as_alice.get(_url("search-create", project)).context["form"]
    data = {field.name: field.value() for field in form if field.value() is not None}
    response = as_alice.post(_url("search-create", project), data)
    search = Search.objects.get()
    assert response["Location"] == _url("search-detail", search)
    assert (search.objective, search.direction) == ("val_accuracy", "max")
    assert search.space == project.inspection.space
    assert search.trials.get().is_baseline


def test_nonsense_is_refused_beside_its_field(as_alice: Client, project: Project) -> None:
    nonsense = {
        "epochs": 0,
        "batch_size": 5000,
        "objective": "val_f1",
        "early_stopping_metric": "x",
    }
    response = as_alice.post(_url("search-create", project), {**DEFAULTS, **nonsense})
    assert response.status_code == 422
    assert response.context["form"].errors.keys() == nonsense.keys()
    assert not Search.objects.exists()


def test_the_plan_follows_the_form(as_alice: Client, project: Project) -> None:
    data = {**DEFAULTS, "tuner": "hyperband", "epochs": 9, "max_trials": ""}
    page = as_alice.post(_url("search-plan", project), data).content.decode()
    assert "24 trials" in page


def test_no_search_starts_before_the_space_is_known(as_alice: Client, project: Project) -> None:
    project.inspection.status = "running"
    project.inspection.save()
    response = as_alice.post(_url("search-create", project), DEFAULTS)
    assert response["Location"] == _url("project-detail", project)
    assert not Search.objects.exists()


def test_pause_resume_and_stop_pressed_twice(as_bob: Client, make_search: Any) -> None:
    search = make_search()
    for name, status in (
        ("search-pause", SearchStatus.PAUSED),
        ("search-resume", SearchStatus.RUNNING),
        ("search-stop", SearchStatus.STOPPED),
    ):
        for _ in range(2):
            assert as_bob.post(_url(name, search)).status_code == 302
            search.refresh_from_db()
            assert search.status == status


@pytest.mark.parametrize("name", ["search-pause", "search-resume", "search-extend"])
def test_get_changes_nothing(name: str, as_alice: Client, make_search: Any) -> None:
    assert as_alice.get(_url(name, make_search())).status_code == 405


def test_extending_twice_with_one_page_extends_once(as_alice: Client, search: Search) -> None:
    for _ in range(2):
        as_alice.post(_url("search-extend", search), {"more": 5, "seen": 3})
    search.refresh_from_db()
    assert (search.max_trials, search.status) == (8, SearchStatus.RUNNING)
    page = as_alice.get(reverse("search-detail", args=[search])).content.decode()
    assert "The search was extended meanwhile." in page


def test_extending_by_nothing_is_refused(as_alice: Client, search: Search) -> None:
    response = as_alice.post(_url("search-extend", search), {"more": 0, "seen": 3})
    assert response.status_code == 422


def test_delete_asks_first_and_names_what_goes(
    as_alice: Client, search: Search, saved_model: SavedModel
) -> None:
    page = as_alice.get(_url("search-delete", search)).content.decode()
    assert "3 trials" in page
    assert "1 saved model" in page
    assert Search.objects.exists()
    as_alice.post(_url("search-delete", search))
    assert not Search.objects.exists()
    assert not SavedModel.objects.exists()


def test_the_form_begins_with_the_templates_script(as_alice: Client, project: Project) -> None:
    script = ScriptSettings(
        {"max_trials": 9, "tuner": "bayesian"},
        {"space": [{"class_name": "Fixed",
                    "config": {"name": "learning_rate", "value": 0.001, "conditions": []}}],
         "values": {}},
        [
            ScriptArgument(7, "max_trials=9", "form", field="max_trials"),
            ScriptArgument(8, "class_weight={0: 1, 1: 5}", "training"),
            ScriptArgument(9, "<b>magic</b>=3", "unused", "Nobody knows this argument."),
        ],
    )  # fmt: skip
    Inspection.objects.update(script=asdict(script))
    response = as_alice.get(_url("search-create", project))
    page = " ".join(response.content.decode().split())
    assert page.count("from the script</span>") == 2
    assert '<code>class_weight={0: 1, 1: 5}</code> <span class="muted">(line 8)' in page
    assert "&lt;b&gt;magic&lt;/b&gt;=3</code>" in page
    assert "(line 9) Nobody knows this argument." in page
    form = response.context["form"]
    data = {field.name: field.value() for field in form if field.value() is not None}
    as_alice.post(_url("search-create", project), data)
    search = Search.objects.get()
    assert (search.max_trials, search.tuner) == (9, "bayesian")


def test_the_templates_page_lists_the_script(as_alice: Client, project: Project) -> None:
    script = ScriptSettings(
        arguments=[ScriptArgument(8, "shuffle=False", "training"),
                   ScriptArgument(7, "seed=3", "form", field="seed")]
    )  # fmt: skip
    Inspection.objects.update(script=asdict(script), requested=True)
    url = reverse("hypermodel-detail", args=[project.hypermodel.pk])
    page = as_alice.get(f"{url}?dataset={project.dataset.pk}").content.decode()
    assert "<code>shuffle=False</code>" in page
    assert "<code>seed=3</code>" in page


def test_a_search_of_an_optuna_script_starts(as_bob: Client, project: Project) -> None:
    Inspection.objects.update(model_kind=ModelKind.OPTUNA)
    url = reverse("search-create", args=[project.pk])
    fields = as_bob.get(url).context["form"]
    values = {field.html_name: field.value() for field in fields}
    data = {name: "" if value is None else value for name, value in values.items()}
    data |= {"inspection": project.inspection.pk, "direction": "max", "max_trials": 3}
    response = as_bob.post(url, data)
    assert response.status_code == 302, response.context["form"].errors
    search = Search.objects.get()
    assert (search.model_kind, search.max_trials) == (ModelKind.OPTUNA, 3)
    # With values to begin with.
    assert as_bob.post(url, data | {"enqueued": '{"units": 16}'}).status_code == 302
    assert Search.objects.latest("pk").trials.get().values == {"units": 16}
