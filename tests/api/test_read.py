"""Reading: what is there, the same trials as in the table, pages, ETags."""

import html
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_script_prefix
from django.urls import reverse

from tuning.api.site import Api, document
from tuning.models import Comment, Project, SavedModel, Search, Trial

from .conftest import Caller


@pytest.fixture
def trials(search: Search) -> str:
    return f"projects/{search.project_id}/searches/{search.number}/trials"


def numbers(answer: Any) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [item["number"] for item in answer.json()["items"]]


def test_a_person_and_their_teams(dora_calls: Caller) -> None:
    me = dora_calls.get("me").json()
    assert me["username"] == "dora"
    assert me["scope"] == "manage"
    assert [(team["name"], team["role"]) for team in me["teams"]] == [("Digits team", "viewer")]


def test_projects_datasets_and_templates(dora_calls: Caller, project: Project) -> None:
    found = dora_calls.get("projects?name=Digits").json()["items"]
    assert [each["id"] for each in found] == [project.pk]
    detail = dora_calls.get(f"projects/{project.pk}").json()
    assert detail["status"] == "completed"
    assert detail["space"][0]["config"]["name"] == "units"
    assert detail["url"] == f"http://testserver/projects/{project.pk}/"
    dataset = dora_calls.get(f"datasets/{detail['dataset']}").json()
    assert dataset["profile"]["rows"] == 1797
    template = dora_calls.get(f"templates/{detail['template']}").json()
    assert template["code"].startswith("def build_model")
    assert dora_calls.get("templates?name=Nobody").json() == {"items": [], "next": None}


def test_a_search_with_its_best_trial(dora_calls: Caller, search: Search) -> None:
    path = f"projects/{search.project_id}/searches"
    assert numbers(dora_calls.get(path)) == [1]
    found = dora_calls.get(f"{path}/1").json()
    assert (found["best"], found["best_score"]) == (3, 0.95)
    assert (found["trials"]["completed"], found["trials"]["total"]) == (3, 3)
    assert found["settings"]["max_trials"] == 3
    assert found["status"] == "completed"


def test_a_search_with_several_objectives(dora_calls: Caller, search: Search) -> None:
    others = [{"name": "val_loss", "direction": "min"}]
    Search.objects.filter(pk=search.pk).update(other_objectives=others)
    path = f"projects/{search.project_id}/searches/1"
    found = dora_calls.get(path).json()
    assert (found["best"], found["best_score"]) == (None, None)
    assert found["objectives"] == [{"name": "val_accuracy", "direction": "max"}, *others]
    assert set(found["front"]) <= {1, 2, 3}
    trials = dora_calls.get(f"{path}/trials?column=front").json()["items"]
    on_front = [one["number"] for one in trials if one["columns"]["front"]]
    assert sorted(on_front) == sorted(found["front"])


def test_trials_with_the_filters_order_and_columns_of_the_table(
    dora_calls: Caller, trials: str
) -> None:
    assert numbers(dora_calls.get(trials)) == [1, 2, 3]
    assert numbers(dora_calls.get(f"{trials}?sort=score")) == [3, 1, 2]
    assert numbers(dora_calls.get(f"{trials}?hp:units__gte=16&sort=-number")) == [3, 2]
    [best] = dora_calls.get(f"{trials}?score__top=1&column=hp:units&column=status").json()["items"]
    assert best["columns"] == {"hp:units": 24, "status": "completed"}
    assert best["values"] == {"units": 24, "optimizer": "adam", "learning_rate": 0.01}
    assert best["metrics"]["val_loss"] == 0.5


def test_a_wrong_filter_is_refused(dora_calls: Caller, trials: str) -> None:
    for query in ("status=completed", "hp:unit__gte=3", "sort=scor", "limit=0", "cursor=x"):
        answer = dora_calls.get(f"{trials}?{query}")
        assert answer.status_code == 422, query
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"][0]["detail"], query


@pytest.mark.parametrize("sort", ["", "sort=score", "sort=-score", "sort=hp:units&sort=-number",
                                  "sort=metric:val_loss", "sort=stars&sort=score"])  # fmt: skip
def test_pages_have_each_trial_once_in_the_tables_order(
    dora_calls: Caller, trials: str, search: Search, add_trial: Any, sort: str
) -> None:
    for number in range(4, 12):
        score = None if number % 3 == 0 else 0.9 - number % 2 / 10
        add_trial(search, number, score, values={"units": number % 4})
    whole = numbers(dora_calls.get(f"{trials}?{sort}"))
    found: list[int] = []
    address = f"{trials}?{sort}&limit=2"
    while address:
        answer = dora_calls.get(address)
        found += numbers(answer)
        address = answer.json()["next"]
    assert found == whole
    assert sorted(found) == list(range(1, 12))


def test_a_page_is_not_confused_by_what_is_new(
    dora_calls: Caller, trials: str, search: Search, add_trial: Any
) -> None:
    first = dora_calls.get(f"{trials}?sort=score&limit=2")
    assert numbers(first) == [3, 1]
    add_trial(search, 4, 0.99)
    assert numbers(dora_calls.get(first.json()["next"])) == [2]


def test_an_etag_changes_with_the_search(dora_calls: Caller, trials: str, search: Search) -> None:
    for path in (trials, trials.removesuffix("/trials"), f"projects/{search.project_id}"):
        answer = dora_calls.get(path)
        again = dora_calls.get(path, If_None_Match=answer["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == answer["ETag"]
    etag = dora_calls.get(trials)["ETag"]
    Search.objects.touch(search.pk)
    assert dora_calls.get(trials, If_None_Match=etag).status_code == 200


def test_reading_a_known_page_asks_little_of_the_database(
    dora_calls: Caller, trials: str, django_assert_max_num_queries: Any
) -> None:
    etag = dora_calls.get(trials)["ETag"]
    with django_assert_max_num_queries(3):
        dora_calls.get(trials, If_None_Match=etag)


def test_epochs_and_comments_of_a_trial(dora_calls: Caller, trials: str, best: Trial) -> None:
    [epoch] = dora_calls.get(f"{trials}/3/epochs").json()["items"]
    assert (epoch["epoch"], epoch["metrics"]["val_loss"]) == (1, 1.8)
    project = best.search.project
    Comment.objects.create(project=project, trial=best, author=None, text="Good.")
    [comment] = dora_calls.get(f"{trials}/3/comments").json()["items"]
    assert comment["text"] == "Good."
    assert dora_calls.get(f"{trials}/3").json()["comments"] == 1


def test_numbers_that_json_does_not_have_are_null(
    dora_calls: Caller, trials: str, best: Trial
) -> None:
    Trial.objects.filter(pk=best.pk).update(score=float("inf"))
    assert dora_calls.get(f"{trials}/3").json()["score"] is None


def test_an_export_is_the_tables(dora_calls: Caller, trials: str) -> None:
    answer = dora_calls.get(f"{trials}/export?format=csv&score__top=1&column=score")
    assert answer.getvalue().decode().split() == ["number,score", "3,0.95"]
    assert dora_calls.get(f"{trials}/export?format=xls").status_code == 422


def test_a_model_and_its_files(dora_calls: Caller, saved_model: SavedModel) -> None:
    [model] = dora_calls.get(f"projects/{saved_model.project_id}/models").json()["items"]
    assert (model["number"], model["search"], model["trial"]) == (1, 1, 3)
    assert dora_calls.get(model["download"]).getvalue() == b"k" * 1000
    assert dora_calls.get(model["bundle"]).getvalue()[:2] == b"PK"
    (alone,) = [dora_calls.get(f"projects/{saved_model.project_id}/models/1").json()]
    assert alone == model


def test_head_answers_wherever_get_does(dora_calls: Caller, trials: str) -> None:
    answer = dora_calls("HEAD", trials)
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_document_names_every_operation(alice: User, dora_calls: Caller) -> None:
    document = dora_calls.get("openapi.json").json()
    assert document["openapi"].startswith("3.")
    assert document["paths"]["/api/v1/me"]["get"]["operationId"] == "show_me"


def test_the_document_is_made_once_because_it_depends_on_no_request(
    as_dora: Client, dora_calls: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = dora_calls.get("openapi.json").json()
    with override_script_prefix("/elsewhere/"):
        # As another process makes it that serves the site there.
        assert json.loads(json.dumps(document.__wrapped__())) == before
    monkeypatch.setattr(Api, "get_openapi_schema", lambda *_, **__: pytest.fail("made again"))
    assert dora_calls.get("openapi.json").json() == before
    page = as_dora.get(reverse("api-reference"), headers={"host": "localhost"})
    assert page.status_code == 200
    assert as_dora.get(reverse("api-document"), headers={"host": "localhost"}).json() == before


def test_the_reference_page_shows_every_operation(as_dora: Client, dora_calls: Caller) -> None:
    page = as_dora.get(reverse("api-reference")).content.decode()
    document = dora_calls.get("openapi.json").json()
    assert as_dora.get(reverse("api-document")).json() == document
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert operation["description"].partition("`")[0][:30] in html.unescape(page), path
    assert "<code>enqueue</code> are configurations" in page


def test_the_epochs_of_a_model(dora_calls: Caller, saved_model: SavedModel) -> None:
    found = dora_calls.get(f"projects/{saved_model.project_id}/models/1/epochs").json()["items"]
    assert found == [
        {"execution": 0, "epoch": 1, "seconds": 1.5, "metrics": {"accuracy": 0.8, "=cmd()": 1.0}}
    ]


def test_a_log_folder_for_tensorboard(dora_calls: Caller, search: Search) -> None:
    answer = dora_calls.get(f"projects/{search.project_id}/searches/1/tensorboard.zip")
    assert b"".join(answer.streaming_content)[:2] == b"PK"
