"""Suggestions that are computed before they are needed: while a trial trains its last epoch, so
that its runner does not wait for the next one.

Only of strategies whose suggestions do not depend on how running trials end
(`Traits.ignores_results`): a search tries what it would try without this. A suggestion is used only
if nothing else was suggested meanwhile, and dropped otherwise.
"""

import logging
from threading import Lock

from django.db import DatabaseError

from tuning.models import Search, Trial
from tuning.protocol.statuses import SearchStatus, Status

from . import suggestions
from .suggestions import Drawn

logger = logging.getLogger(__name__)

# For at most so many searches a suggestion is kept.
REMEMBERED = 16
_lock = Lock()
_ahead: dict[int, Drawn] = {}


def draw_ahead(search_id: int) -> None:
    """Have a suggestion for the trial after those that there are, if it can be known by now."""
    if Trial.objects.queued().filter(search=search_id).exists():
        # Those that wait go first.
        return
    running = Search.objects.filter(pk=search_id, status=SearchStatus.RUNNING)
    search = running.first()
    if search is None or not _is_certain(search):
        return
    made = search.last_number()
    with _lock:
        known = _ahead.get(search_id)
    if known and known.fits(search) and known.number == made + 1:
        return
    if not search.may_suggest(made):
        return
    try:
        drawn = suggestions.draw(search, made + 1)
    except Search.DoesNotExist:
        # Deleted meanwhile.
        return
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  the claim meets it again, and tells people
        logger.warning("nothing is drawn ahead for %s: %s", search, error)
        return
    if drawn.is_final:
        return
    with _lock:
        _ahead[search_id] = drawn
        while len(_ahead) > REMEMBERED:
            del _ahead[next(iter(_ahead))]


def drawn_ahead(search_id: int) -> Drawn | None:
    """What was drawn ahead for this search, for whoever asks first."""
    with _lock:
        return _ahead.pop(search_id, None)


def _is_certain(search: Search) -> bool:
    """Whether the next suggestion is the same however the running trials end. Optuna's Sobol
    sampler takes the space of the first trial that has ended well; without one it draws at random.
    """
    if search.kind.defines_by_run or not search.strategy.ignores_results:
        return False
    bad = (Status.FAILED, Status.STOPPED)
    tried = search.trials.exclude(status__in=bad).order_by("number")
    return tried.values_list("status", flat=True).first() in (
        Status.COMPLETED, Status.PRUNED, Status.INFEASIBLE,
    )  # fmt: skip
