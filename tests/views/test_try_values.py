"""Trying values: a person enters them, the trial runs next."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.conftest import SPACE
from tuning.actions.searches import pause_search, stop_search
from tuning.models import Search, Trial, Worker
from tuning.protocol.statuses import SearchStatus, Status
from tuning.spaces.hyperparameters import default_values
from tuning.supervisor.claims import Slot, claim_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def search(make_search: Any) -> Search:
    found: Search = make_search(max_trials=2, tuner="tpe")
    return found


def url(search: Search, query: str = "") -> str:
    return reverse("search-try", args=[search]) + query


def data(**values: Any) -> dict[str, Any]:
    """The form as it begins, with some fields changed: units, optimizer, momentum, rate."""
    fields = {"units": "16", "optimizer": "0", "momentum": "0.5", "rate": "0.001"}
    marks = {"seen": values.pop("seen", 1), **({"again": "on"} if values.pop("again", "") else {})}
    return {f"value-{i}": v for i, v in enumerate({**fields, **values}.values())} | marks


def test_the_trial_runs_next(as_bob: Client, search: Search, worker: Worker) -> None:
    response = as_bob.post(url(search), data(units="64", optimizer="1", momentum="0.3"))
    trial = search.trials.latest("number")
    assert response["Location"] == reverse("trial-detail", args=[trial])
    assert trial.values == {
        "units": 64, "optimizer": "sgd", "momentum": 0.30000000000000004, "learning_rate": 0.001,
    }  # fmt: skip
    search.refresh_from_db()
    assert search.max_trials == 3
    assert search.index_rows.count() == 2
    first, second, third = (claim_next(Slot(worker, 0)) for _ in range(3))
    assert isinstance(first, Trial)
    assert first.is_baseline
    # Two run at once.
    assert second == trial
    assert third is None


@pytest.mark.parametrize("again", ["", "on"])
def test_two_presses_are_one_trial(
    as_bob: Client, search: Search, worker: Worker, again: str
) -> None:
    """Also if a worker has taken it in between."""
    form = as_bob.get(url(search)).context["form"]
    pressed = data(units="64", again=again, seen=form["seen"].value())
    first = as_bob.post(url(search), pressed)
    assert [claim_next(Slot(worker, 0)).values["units"] for _ in range(2)] == [16, 64]
    second = as_bob.post(url(search), pressed)
    assert first["Location"] == second["Location"]
    assert search.trials.count() == 2
    search.refresh_from_db()
    assert search.max_trials == 3
    # A form that was opened later asks for one more.
    later = data(units="64", again=again, seen=2)
    assert as_bob.post(url(search), later).status_code == (302 if again else 422)
    assert search.trials.count() == (3 if again else 2)


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"units": "17"}, "value-0", "units takes 8 to 64 in steps of 8; it cannot be 17."),
        ({"units": "many"}, "value-0", "“many” is not a number"),
        ({"units": ""}, "value-0", "required"),
        ({"rate": "7"}, "value-3", "learning_rate takes"),
        ({"optimizer": "9"}, "value-1", "optimizer takes adam, sgd."),
        ({"rate": "nan"}, "value-3", "it cannot be nan"),
    ],
)
def test_a_bad_value_is_named_beside_its_field(
    as_bob: Client, search: Search, changed: dict[str, str], field: str, words: str
) -> None:
    response = as_bob.post(url(search), data(**changed))
    assert response.status_code == 422
    form = response.context["form"]
    assert words in form.errors[field][0]
    (name, value), *_ = changed.items()
    assert value in response.content.decode() or name == "optimizer"
    assert search.trials.count() == 1


def test_every_bad_value_is_named_at_once(as_bob: Client, search: Search) -> None:
    """What is not in use has no error that nobody would see."""
    response = as_bob.post(url(search), data(units="17", momentum="nonsense", rate="7"))
    assert list(response.context["form"].errors) == ["value-0", "value-3"]
    response = as_bob.post(url(search), data(units="x", optimizer="1", momentum="7", rate="7"))
    assert sorted(response.context["form"].errors) == ["value-0", "value-2", "value-3"]


def test_what_is_not_in_use_may_hold_anything(as_bob: Client, search: Search) -> None:
    assert as_bob.post(url(search), data(units="8", momentum="nonsense")).status_code == 302
    assert "momentum" not in search.trials.latest("number").values


def test_values_of_an_earlier_trial_are_asked_about(as_bob: Client, search: Search) -> None:
    response = as_bob.post(url(search), data())
    assert response.status_code == 422
    assert "Trial 1 already has these values." in response.content.decode()
    assert as_bob.post(url(search), data(again="on")).status_code == 302
    assert search.trials.latest("number").values == default_values(SPACE)


def test_the_form_begins_with_a_trial(as_bob: Client, search: Search) -> None:
    as_bob.post(url(search), data(units="64", optimizer="1", momentum="0.3"))
    trial = search.trials.latest("number")
    page = as_bob.get(reverse("trial-detail", args=[trial])).content.decode()
    assert url(search, f"?from={trial.number}") in page
    form = as_bob.get(url(search, f"?from={trial.number}")).context["form"]
    assert [form[f"value-{i}"].value() for i in range(4)] == [
        "64", "1", "0.30000000000000004", "0.001",
    ]  # fmt: skip
    for odd in ("?from=999", "?from=x", "?from=" + "9" * 40):
        assert as_bob.get(url(search, odd)).context["form"]["value-0"].value() == "16"


def test_it_waits_while_the_search_is_paused(
    as_bob: Client, search: Search, worker: Worker
) -> None:
    pause_search(search)
    as_bob.post(url(search), data(units="64"))
    search.refresh_from_db()
    assert search.status == SearchStatus.PAUSED
    assert search.trials.latest("number").status == Status.QUEUED
    assert claim_next(Slot(worker, 0)) is None


def test_a_stopped_search_says_what_to_do(as_bob: Client, search: Search) -> None:
    stop_search(search)
    page = as_bob.get(url(search)).content.decode()
    assert "The search is stopped. Extend it first, then try your values." in page
    assert as_bob.post(url(search), data(units="64")).status_code == 422
    assert search.trials.count() == 1


def test_only_editors_may(as_dora: Client, as_charlie: Client, search: Search) -> None:
    assert as_charlie.get(url(search)).status_code == 404
    assert as_dora.post(url(search), data(units="64")).status_code in (403, 404)
    assert search.trials.count() == 1
    page = as_dora.get(reverse("trial-detail", args=[search.trials.get()])).content.decode()
    assert "Try with changes" not in page
