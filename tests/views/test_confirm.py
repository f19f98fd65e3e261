"""Confirming top trials: other seeds decide which differences remain."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tuning.actions.confirmations import confirm
from tuning.actions.searches import change_limits, extend_search, refusal_to_try
from tuning.analysis.confirmation import Verdict, confirmation
from tuning.analysis.ties import paired_folds
from tuning.models import Search, Trial
from tuning.protocol.model_kinds import ModelKind
from tuning.protocol.statuses import SearchStatus, Status
from tuning.supervisor.claims import Slot, claim_next

pytestmark = pytest.mark.django_db


def url(search: Search, query: str = "") -> str:
    return reverse("search-confirm", args=[search]) + query


def text(client: Client, *address: Any) -> str:
    return client.get(*address).content.decode()


def started(client: Client, search: Search, **data: str) -> Search:
    response = client.post(url(search), {"top": "2", "runs": "3", **data})
    assert response.status_code == 302, response.content.decode()
    return search.confirmations.latest("pk")


def finish(search: Search, *runs: list[float], **fields: Any) -> None:
    """The trials of a confirmation have scored this."""
    for trial, scores in zip(search.trials.order_by("number"), runs, strict=True):
        mean = sum(scores) / len(scores)
        values = {"status": Status.COMPLETED, "score": mean, "execution_scores": scores}
        Trial.objects.filter(pk=trial.pk).update(**values, parameters=1000 * trial.number, **fields)
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    search.refresh_from_db()


def test_the_top_trials_run_again_and_nothing_else(
    as_bob: Client, search: Search, worker: Any
) -> None:
    page = text(as_bob, url(search))
    assert "Trial 3" in page
    assert "<b>27 epochs</b>" in page, "3 trials x 3 runs x 3 epochs"
    assert "<b>12 epochs</b>" in text(as_bob, url(search, "?top=2&runs=2"))
    new = started(as_bob, search)
    trials = list(new.trials.order_by("number"))
    assert [trial.confirms.number for trial in trials] == [3, 1]
    assert [trial.values for trial in trials] == [
        search.trials.get(number=3).values, search.trials.get(number=1).values,
    ]  # fmt: skip
    assert (new.executions_per_trial, new.epochs, new.max_trials) == (3, search.epochs, 2)
    assert new.seed != search.seed
    assert not any(trial.is_baseline for trial in trials)
    claimed = [claim_next(Slot(worker, number)) for number in range(2)]
    assert claimed == trials
    finish(new, [0.9] * 3, [0.8] * 3)
    assert not new.may_suggest()


def test_each_confirmation_has_seeds_of_its_own(as_bob: Client, search: Search) -> None:
    seeds = {search.seed, *(started(as_bob, search).seed for _ in range(2))}
    assert len(seeds) == 3


def test_cross_validated_networks_run_again_in_other_folds(as_bob: Client, search: Search) -> None:
    Search.objects.filter(pk=search.pk).update(cross_validated=True, folds=4)
    page = text(as_bob, url(search))
    assert "other folds" in page
    assert "<b>18 epochs</b>" in text(as_bob, url(search, "?top=2&runs=3")), "2 x 3 folds x 3"
    new = started(as_bob, search)
    assert (new.cross_validated, new.folds, new.executions_per_trial) == (True, 3, 1)
    assert new.order().fold_seed == new.seed != search.seed
    finish(new, [0.90, 0.92, 0.91], [0.91, 0.93, 0.92])
    found = confirmation(new)
    assert found is not None
    row = found.rows[1]
    assert row.p == pytest.approx(paired_folds([0.91, 0.93, 0.92], [0.90, 0.92, 0.91]))
    assert row.verdict == Verdict.WORSE, "each fold is worse by as much"


@pytest.mark.parametrize("scores", [[0.91, 0.93, 0.92], [0.93, 0.92]])
def test_scores_of_unknown_folds_are_not_compared(
    as_bob: Client, search: Search, scores: list[float]
) -> None:
    """A `fit` of a template's own may report none of one fold."""
    Search.objects.filter(pk=search.pk).update(cross_validated=True, folds=4)
    new = started(as_bob, search)
    finish(new, [0.90, 0.92], scores)
    assert "too few scores to compare" in text(as_bob, reverse("search-detail", args=[new]))
    found = confirmation(new)
    assert found is not None
    assert {row.verdict for row in found.rows} == {Verdict.BEST, Verdict.UNKNOWN}
    assert "has the best mean" in found.sentence


def test_no_more_folds_than_the_rows_allow(as_bob: Client, search: Search) -> None:
    Search.objects.filter(pk=search.pk).update(cross_validated=True, folds=4)
    dataset = search.project.dataset
    dataset.profile = {**dataset.profile, "rows": 40, "class_counts": [32, 8]}
    dataset.save()
    page = as_bob.get(url(search))
    assert page.context["form"]["runs"].value() == 7, "not 10"
    refused = as_bob.post(url(search), {"top": "2", "runs": "8"})
    assert "The smallest class has only 7" in str(refused.context["form"].errors["runs"])
    assert started(as_bob, search, runs="7").folds == 7


def test_a_tie_is_called_one_and_the_smaller_trial_suggested(
    as_bob: Client, as_dora: Client, search: Search
) -> None:
    new = started(as_bob, search)
    # The smaller one is the first, which is a little worse here.
    finish(new, [0.90, 0.92, 0.91], [0.91, 0.93, 0.92])
    found = confirmation(new)
    assert found is not None
    assert [row.verdict for row in found.rows] == [Verdict.BEST, Verdict.TIED]
    assert found.suggested == found.rows[1]
    said = (
        "Trial 3 is not distinguishable from trial 1, the best (95 %). "
        "Trial 3 is the smallest of them (1,000 parameters)."
    )
    for of in (search, new):
        assert said in text(as_dora, reverse("search-detail", args=[of]))
    # The button retrains what is suggested, on the page of the confirmation as well.
    page = as_bob.get(reverse("search-detail", args=[new]))
    assert page.context["actions"].best == search.trials.get(number=3)
    assert f"Retrain trial 3 of search {search.number}" in page.content.decode()
    assert "Retrain suggested" in text(as_bob, reverse("search-detail", args=[new]))
    first = reverse("trial-detail", args=[search.trials.get(number=3)])
    assert f"search {new.number}" in text(as_dora, first)
    again = reverse("trial-detail", args=[new.trials.get(number=1)])
    assert "Runs again" in text(as_dora, again)


def test_the_next_step_is_to_retrain_what_the_confirmation_suggests(
    as_bob: Client, search: Search, add_trial: Any
) -> None:
    new = started(as_bob, search)
    finish(new, [0.90, 0.92, 0.91], [0.91, 0.93, 0.92])
    new.trials.filter(number=1).update(parameters=9000)
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    suggested = search.trials.get(number=1)
    page = text(as_bob, reverse("search-detail", args=[search]))
    assert "Trial 1 is the smallest of them (2,000 parameters). Retrain trial 1 on all" in page
    retrain = reverse("trial-retrain", args=[suggested])
    assert retrain in page
    # Not again, and not once the search has a better trial.
    as_bob.post(retrain, {})
    assert suggested.saved_models.exists()
    assert "Retrain trial 1 on all" not in text(as_bob, reverse("search-detail", args=[search]))
    suggested.saved_models.all().delete()
    add_trial(search, 4, 0.99)
    assert "Retrain trial 1 on all" not in text(as_bob, reverse("search-detail", args=[search]))


def test_a_clear_difference_is_one(as_bob: Client, search: Search) -> None:
    new = started(as_bob, search)
    finish(new, [0.90, 0.92, 0.91], [0.51, 0.53, 0.52])
    found = confirmation(new)
    assert found is not None
    assert [row.verdict for row in found.rows] == [Verdict.BEST, Verdict.WORSE]
    assert found.sentence == "Trial 3 is better than the others by more than chance."


def test_lower_may_be_better(as_bob: Client, make_search: Any, add_trial: Any) -> None:
    search = make_search(objective="val_loss", direction="min")
    for number, score in ((1, 0.5), (2, 0.2), (3, 0.3)):
        add_trial(search, number, score)
    new = started(as_bob, search)
    assert [trial.confirms.number for trial in new.trials.order_by("number")] == [2, 3]
    finish(new, [0.40, 0.41, 0.42], [0.20, 0.21, 0.22])
    found = confirmation(new)
    assert found is not None
    assert [row.again.number for row in found.rows] == [2, 1]


def test_while_trials_are_left_nothing_is_suggested(as_bob: Client, search: Search) -> None:
    new = started(as_bob, search)
    found = confirmation(new)
    assert found is not None
    assert (found.left, found.suggested, found.sentence) == (2, None, "")
    assert "2 trials to go" in text(as_bob, reverse("search-detail", args=[new]))


def test_trials_with_the_same_values_run_once(
    as_bob: Client, search: Search, add_trial: Any
) -> None:
    values = search.trials.get(number=3).values
    add_trial(search, 4, 0.94, values=values)
    new = started(as_bob, search)
    assert [trial.confirms.number for trial in new.trials.order_by("number")] == [3, 1]


def test_estimators_get_other_folds(as_bob: Client, search: Search) -> None:
    Search.objects.update(model_kind=ModelKind.SKLEARN)
    search.refresh_from_db()
    assert search.order().fold_seed is None
    new = started(as_bob, search, runs="4")
    assert (new.folds, new.order().fold_seed) == (4, new.seed)
    finish(new, [0.90, 0.91, 0.92, 0.93], [0.80, 0.81, 0.82, 0.83])
    found = confirmation(new)
    assert found is not None
    assert found.rows[1].verdict == Verdict.WORSE, "compared fold by fold"


def test_it_runs_no_other_values(as_bob: Client, search: Search) -> None:
    new = started(as_bob, search)
    finish(new, [0.9] * 3, [0.8] * 3)
    assert "no others" in refusal_to_try(new)
    extend_search(new, 5, new.max_trials)
    change_limits(new, {"max_trials": 50})
    new.refresh_from_db()
    assert not new.may_suggest()
    page = text(as_bob, reverse("search-detail", args=[new]))
    assert 'id="search-extend"' not in page
    assert 'id="confirm-top"' not in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"top": "4"}, "Only 3 trials have completed with different values."),
        ({"top": "0"}, "greater than or equal to 1"),
        ({"runs": "1"}, "greater than or equal to 2"),
        ({"runs": "21"}, "less than or equal to 20"),
        ({"runs": ""}, "This field is required."),
    ],
)
def test_bad_input_is_said_beside_the_field(
    as_bob: Client, search: Search, data: dict[str, str], said: str
) -> None:
    response = as_bob.post(url(search), {"top": "2", "runs": "3", **data})
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not search.confirmations.exists()


def test_what_cannot_be_confirmed_says_why(as_bob: Client, search: Search) -> None:
    Search.objects.update(model_kind=ModelKind.CUSTOM)
    assert "A custom tuner decides itself" in text(as_bob, url(search))
    Search.objects.update(model_kind=ModelKind.KERAS, origin="kerastuner")
    assert "Imported searches have no code" in text(as_bob, url(search))
    Search.objects.update(origin="tuneroom")
    Trial.objects.update(status=Status.FAILED, score=None)
    assert "No trial has completed yet." in text(as_bob, url(search))
    assert as_bob.post(url(search), {"top": "1", "runs": "2"}).status_code == 422


def test_a_deleted_search_leaves_its_confirmation_readable(
    as_bob: Client, alice: Any, search: Search
) -> None:
    new = confirm(alice, search, list(search.trials.all()[:2]), 2)
    finish(new, [0.9, 0.91], [0.8, 0.81])
    as_bob.post(reverse("search-delete", args=[search]))
    assert "Confirmed trials" in text(as_bob, reverse("search-detail", args=[new]))
