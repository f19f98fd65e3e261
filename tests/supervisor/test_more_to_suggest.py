"""Whether a strategy may have another trial: one search is asked as all searches are."""

from typing import Any

import pytest
from django.db.models import Count

from tuning.models import Search, Trial
from tuning.models.searches import TRIALS

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("tuner", ["random", "hyperband"])
@pytest.mark.parametrize("made", [1, 2, 3])
@pytest.mark.parametrize("changes", [{}, {"exhausted": True}, {"end_reason": "Reached a limit."}])
def test_one_search_is_asked_as_all_are(
    tuner: str, made: int, changes: dict[str, Any], make_search: Any
) -> None:
    search = make_search(tuner=tuner, max_trials=2)
    missing = range(search.trials.count(), made)
    Trial.objects.bulk_create([Trial(search=search, number=1 + i) for i in missing])
    Search.objects.update(**changes)
    search.refresh_from_db()
    counted = Search.objects.annotate(made=Count(TRIALS))
    assert search.may_suggest() == counted.filter(Search.has_more_to_suggest()).exists()
    assert search.may_suggest() == (not changes and (made < 2 or tuner == "hyperband"))
