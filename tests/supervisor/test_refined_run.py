"""Random first, then Bayesian on the good region: from the page to the last trial."""

import random
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.views.test_refine import sent
from tuning.analysis.summary import summarise
from tuning.models import Search
from tuning.protocol.statuses import SearchStatus
from tuning.spaces.hyperparameters import read_space

from .test_oracles import scripted

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]


def test_refined_into_a_bayesian_search(
    make_search: Any, make_slot: Any, as_bob: Client, as_dora: Client
) -> None:
    first: Search = make_search(max_trials=40, seed=random.Random(3).randint(1, 99))
    make_slot(scripted).run()
    first.refresh_from_db()
    assert first.status == SearchStatus.COMPLETED

    url = reverse("search-create", args=[first.project_id])
    page = as_bob.get(url, {"search": first.number, "refine": "1", "score__top": "25%"})
    assert page.context["both"].share < 0.9
    fed = page.context["warm_start"].trials
    assert len(fed) >= 10
    changes = {"max_trials": "8", "parallel_trials": "1"}
    as_bob.post(f"{url}?search={first.number}&refine=1", sent(page, **changes))
    second = Search.objects.latest("number")
    assert second.tuner == "auto"
    make_slot(scripted).run()
    second.refresh_from_db()
    assert second.status == SearchStatus.COMPLETED
    assert second.trials.count() == 8
    assert len(second.oracle_state["fed"]) == len(fed)

    space = {parameter.name: parameter for parameter in read_space(second.space)}
    before = [trial.values for trial in first.trials.filter(pk__in=fed)]
    for trial in second.trials.all():
        assert trial.values not in before
        assert all(space[name].closest(value) is not None for name, value in trial.values.items())
    # The narrowed space holds the best of the first search, and is searched with its scores known.
    best = [summarise(search).best for search in (first, second)]
    assert best[0] is not None
    assert best[1] is not None
    text = as_dora.get(reverse("search-detail", args=[second])).content.decode()
    assert f"Warm start with {len(fed)} trials of search 1" in text
    assert "8 of 8 trials" in text
