"""Finished work, and trials that end as a worker has them end."""

from collections.abc import Callable

import pytest

from tests.supervisor.conftest import make_slot, worker  # noqa: F401
from tests.views.conftest import add_trial, address, best, saved_model, search  # noqa: F401
from tuning.models import Search, Trial, Worker
from tuning.protocol.events import EpochEnd
from tuning.recording import recorder


@pytest.fixture
def complete(worker: Worker) -> Callable[[Search, float], Trial]:  # noqa: F811
    """A function that has a further trial of a search end with this score."""

    def end(of: Search, score: float) -> Trial:
        number = of.trials.count() + 1
        made = Trial.objects.create(search=of, number=number, values={"units": 8})
        assert Trial.objects.claim(made.pk, worker, 0)
        trial = Trial.objects.select_related("search__project").get(pk=made.pk)
        metrics = {of.objective: score}
        news = recorder.News([EpochEnd(0, 1, 0.1, metrics)], 1)
        recorder.complete_trial(trial, metrics, 0, news=news)
        return trial

    return end
