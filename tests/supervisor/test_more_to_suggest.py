"""Whether a strategy may have another trial: one search is asked as all searches are."""

from typing import Any

import pytest

from tuning.analysis.sharing import waiting_searches
from tuning.models import Search, Trial
from tuning.protocol.statuses import Status

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
    search.trials.update(status=Status.COMPLETED)
    Search.objects.update(**changes)
    search.refresh_from_db()
    assert search.may_suggest() == bool(waiting_searches())
    assert search.may_suggest() == (not changes and (made < 2 or tuner == "hyperband"))
