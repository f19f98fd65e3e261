"""What scripts need of a worker: suggested configurations, and whether to go on.

The site has none of the libraries of the strategies. A script that asks for a configuration while
none waits leaves the time in its search (`Search.asked_at`) and asks again every second; meanwhile
a worker has one trial wait (`claims.make_asked`), in a thread of its own, so that no slot has to be
free. Whichever script comes first takes it. A script that went away costs one waiting trial.

In the same way a worker looks at the epochs that scripts have logged in searches that prune: the
answer to the next report has what it decided (`Trial.prune_now`).
"""

from datetime import timedelta

from django.db.models import QuerySet

from tuning.models import Search, Trial
from tuning.models.workers import ago
from tuning.protocol.statuses import SearchStatus
from tuning.recording.curves import points_of
from tuning.recording.pruning import Judge
from tuning.strategies import pruners

from . import claims

# A script that has not asked for so long does not wait any more.
ASKED = timedelta(seconds=10)


def is_due() -> bool:
    """Whether a script waits for something."""
    return asking().exists() or judged().exists()


class Scripts:
    """Gives scripts what they wait for."""

    def __init__(self) -> None:
        self._verdicts = Verdicts()

    def serve(self) -> None:
        make_asked()
        self._verdicts.give()


def make_asked() -> None:
    """A trial for each search that a script waits for."""
    for pk in list(asking().values_list("pk", flat=True)):
        claims.make_asked(pk)


def asking() -> QuerySet[Search]:
    """Searches that scripts wait for a trial of."""
    return Search.objects.with_status(SearchStatus.RUNNING).filter(asked_at__gt=ago(ASKED))


def judged() -> QuerySet[Trial]:
    """Trials of scripts that a pruner may end."""
    rows = Trial.objects.running().exclude(script="").filter(prune_now=False)
    return rows.exclude(search__pruner=pruners.Name.NONE).exclude(oracle_id="")


class Verdicts:
    """Remembers what it has judged of the trials that run."""

    def __init__(self) -> None:
        self._judges: dict[tuple[int, int], Judge] = {}

    def give(self) -> None:
        """Judge the epochs that are new."""
        rows = {(row.pk, row.attempt): row for row in judged().select_related("search")}
        self._judges = {key: judge for key, judge in self._judges.items() if key in rows}
        for key, row in rows.items():
            judge = self._judges.get(key) or self._judges.setdefault(key, Judge(row))
            # All of them: an epoch that is known may have got its objective since.
            judge.points = points_of(row)
            if judge.answers() and judge.prunes():
                Trial.objects.held(row.pk, row.attempt).update(prune_now=True)
