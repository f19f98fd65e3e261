"""A search that begins with trials of another one: its oracle behaves like KerasTuner's that has
run them itself."""

import json
import os
from typing import Any

import pytest

from tests.conftest import SPACE
from tuning.actions.searches import delete_search, extend_search, start_search
from tuning.analysis.plan import plan_info
from tuning.analysis.summary import summarise
from tuning.analysis.warm_start import Fitting, warm_start
from tuning.models import Search, Trial, TrialIndex
from tuning.protocol.statuses import SearchStatus, Status
from tuning.spaces.edits import Range, Values, edited
from tuning.spaces.hyperparameters import default_values, read_space
from tuning.strategies.contract import KnownTrial, Settings, State, Suggestion
from tuning.strategies.suggesting import suggest
from tuning.strategies.traits import traits_of

from .keras_tuners import keras_tuners_own
from .test_oracles import of_search, score_of, scripted

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]

SMALL = edited(
    SPACE, {0: Range(8, 24, 8), 2: Values((0.1, 0.30000000000000004)), 3: Values((0.001, 0.01))}
)


def ended(suggestion: Suggestion, order: int) -> KnownTrial:
    score = score_of(suggestion.values)
    return KnownTrial(
        suggestion.trial_id, suggestion.values, "COMPLETED", score, end_order=order + 1
    )


def fed_of(space: dict[str, Any], count: int) -> list[KnownTrial]:
    """What a random search by KerasTuner alone has found."""
    settings = Settings("random", "val_accuracy", "max", space, 7, count, epochs=3)
    found: list[KnownTrial] = []
    state: State = {}
    for number in range(count):
        suggestion = suggest(settings, state, found, str(number))
        state = suggestion.state
        found.append(ended(suggestion, number))
    return [
        KnownTrial(f"fed-{i}", known.values, "COMPLETED", known.score)
        for i, known in enumerate(found)
    ]


def tried(settings: Settings, fed: list[KnownTrial], most: int) -> list[dict[str, Any]]:
    """The values of the own trials. Each call restores the oracle from JSON, as claims do."""
    known: list[KnownTrial] = []
    state: State = {}
    while len(known) < most:
        suggestion = suggest(settings, state, known, "me", warm=[] if state else fed)
        if suggestion.status != "RUNNING":
            break
        state = json.loads(json.dumps(suggestion.state))
        assert suggestion.trial_id not in {item.trial_id for item in known}
        known.append(ended(suggestion, len(known)))
    return [item.values for item in known]


@pytest.mark.parametrize("kind", ["random", "bayesian"])
@pytest.mark.parametrize("count", [3, 14])
def test_the_next_trial_is_that_of_keras_tuner(kind: str, count: int) -> None:
    """14 are more than the 12 random points with which its Bayesian search begins."""
    fed = fed_of(SPACE, count)
    settings = Settings(kind, "val_accuracy", "max", SPACE, 5, max_trials=4, epochs=3)
    theirs = keras_tuners_own(kind, fed, 5, SPACE).create_trial("tuner0")
    ours = suggest(settings, {}, [], "me", warm=fed)
    assert ours.status == "RUNNING"
    assert ours.values == dict(theirs.hyperparameters.values)


def test_bayesian_learns_from_what_it_was_fed() -> None:
    fed = fed_of(SPACE, 14)
    settings = Settings("bayesian", "val_accuracy", "max", SPACE, 5, max_trials=6, epochs=3)
    learned = [score_of(values) for values in tried(settings, fed, 6)]
    alone = [score_of(values) for values in tried(settings, [], 6)]
    assert sum(learned) / 6 > sum(alone) / 6


def test_steps_that_rounding_moves_are_not_run_again() -> None:
    """0.2 + 0.1 and 3 * 0.1 are two numbers to a computer, and the same momentum."""
    steps: dict[int, Any] = {
        0: Range(8, 16, 8), 1: Values(("sgd",)), 2: Range(0.2, 0.55, 0.1), 3: Values((0.001,)),
    }  # fmt: skip
    space = edited(SPACE, steps)
    fits = Fitting(space, traits_of("random"))
    momenta = read_space(SPACE)[2].grid_values
    before = [
        {"units": units, "optimizer": "sgd", "momentum": momentum, "learning_rate": 0.001}
        for units in (8, 16, 24)
        for momentum in momenta[:4]
    ]
    values = [found for found in map(fits.values, before) if found is not None]
    assert len(values) == 4, "two of four momenta and two of three units lie inside"
    fed = [KnownTrial(f"fed-{i}", item, "COMPLETED", 0.5) for i, item in enumerate(values)]
    settings = Settings("random", "val_accuracy", "max", space, 3, max_trials=50, epochs=3)
    own = tried(settings, fed, 50)
    tuples = {(item["units"], round(item["momentum"], 6)) for item in [*own, *values]}
    assert len(tuples) == len(own) + len(values) == 8


@pytest.mark.parametrize("kind", ["random", "bayesian"])
def test_nothing_is_run_again_and_only_own_trials_count(kind: str) -> None:
    settings = Settings(kind, "val_accuracy", "max", SMALL, 3, max_trials=5, epochs=3)
    fed = fed_of(SMALL, 6)
    own = tried(settings, fed, 100)
    assert len(own) == 5, "the six that it began with are none of max_trials"
    if kind == "random":
        texts = [str(sorted(values.items())) for values in [*own, *(item.values for item in fed)]]
        assert len(set(texts)) == len(texts)


def test_a_grid_skips_what_it_was_fed() -> None:
    settings = Settings("grid", "val_accuracy", "max", SMALL, 3, max_trials=100, epochs=3)
    whole = tried(settings, [], 100)
    assert len(whole) == 3 * (1 + 2) * 2
    for fed in (whole[:1], whole[::2], whole[5:9], whole[-2:], whole):
        known = [
            KnownTrial(f"fed-{i}", values, "COMPLETED", score_of(values))
            for i, values in enumerate(fed)
        ]
        assert tried(settings, known, 100) == [values for values in whole if values not in fed]


# The same with rows.


@pytest.fixture
def earlier(make_search: Any) -> Search:
    """Six completed trials of the small space, the template's defaults not among them."""
    search: Search = make_search(max_trials=6, seed=7, space=SMALL, objective="val_accuracy")
    search.trials.all().delete()
    others = [known for known in fed_of(SMALL, 7) if known.values != default_values(SMALL)]
    for number, known in enumerate(others[:6], start=1):
        trial = Trial.objects.create(
            search=search, number=number, status=Status.COMPLETED, values=known.values,
            score=known.score, best_epoch=1, oracle_id=str(number), attempt=1,
        )  # fmt: skip
        TrialIndex.objects.fill(search, [trial])
    Search.objects.filter(pk=search.pk).update(status=SearchStatus.COMPLETED)
    search.refresh_from_db()
    return search


def refine(earlier: Search, user: Any, **settings: Any) -> Search:
    """A search of SMALL that begins with all of the earlier search's trials."""
    same = {"objective": "val_accuracy", "direction": "max", "epochs": earlier.epochs}
    new = Search(
        project=earlier.project, hypermodel=earlier.hypermodel, space=SMALL, refined_from=earlier,
        **same, **settings,
    )  # fmt: skip
    return start_search(user, new, warm_start(earlier, new).trials)


def run(search: Search, make_slot: Any) -> Search:
    make_slot(scripted).run()
    search.refresh_from_db()
    assert search.status == SearchStatus.COMPLETED
    return search


@pytest.mark.django_db
def test_a_bayesian_search_runs_on_what_it_was_fed(
    earlier: Search, alice: Any, make_slot: Any
) -> None:
    search = refine(earlier, alice, tuner="bayesian", max_trials=4, seed=5)
    assert search.warm_start_count == search.warm_start_trials.count() == 6
    run(search, make_slot)
    assert search.trials.count() == 4
    assert search.trials.get(number=1).is_baseline
    known = {f"fed-{trial.pk}": trial.score for trial in earlier.trials.all()}
    kept = {item["trial_id"]: item["score"] for item in search.oracle_state["fed"]}
    assert kept == known
    summary = summarise(search)
    assert (summary.planned, summary.finished) == (4, 4)


@pytest.mark.django_db
def test_a_grid_search_ends_with_what_is_left(earlier: Search, alice: Any, make_slot: Any) -> None:
    search = refine(earlier, alice, tuner="grid", max_trials=100)
    assert plan_info(search).trials == 12
    run(search, make_slot)
    assert search.trials.count() == 12
    before = [trial.values for trial in earlier.trials.all()]
    assert not any(trial.values in before for trial in search.trials.all())
    assert summarise(search).planned == 12
    first = search.trials.get(number=1)
    assert first.is_baseline == (first.values == default_values(SMALL))


@pytest.mark.django_db
@pytest.mark.parametrize("tuner", ["random", "grid"])
def test_the_defaults_are_not_run_again(
    tuner: str, earlier: Search, alice: Any, make_slot: Any
) -> None:
    trial = earlier.trials.get(number=1)
    trial.values = default_values(SMALL)
    trial.save()
    TrialIndex.objects.fill(earlier, [trial])
    search = refine(earlier, alice, tuner=tuner, max_trials=3)
    run(search, make_slot)
    assert search.trials.count() == 3
    assert not search.trials.filter(is_baseline=True).exists()
    assert all(trial.values != default_values(SMALL) for trial in search.trials.all())
    assert summarise(search).baseline is None


@pytest.mark.django_db
def test_the_earlier_search_may_be_deleted_meanwhile(
    earlier: Search, alice: Any, make_slot: Any
) -> None:
    search = run(refine(earlier, alice, tuner="random", max_trials=3, seed=5), make_slot)
    delete_search(earlier)
    search.refresh_from_db()
    assert (search.refined_from, search.warm_start_trials.count(), search.warm_start_count) == (
        None,
        0,
        6,
    )
    assert extend_search(search, more=3, seen=3)
    run(search, make_slot)
    assert search.trials.count() == 6
    names = [name for name, _ in of_search(search)]
    assert len(set(names)) == len(names) == 5


@pytest.mark.django_db
def test_all_of_a_grid_was_run_before(earlier: Search, alice: Any, make_slot: Any) -> None:
    run(refine(earlier, alice, tuner="grid", max_trials=100), make_slot)
    grid = Search.objects.latest("number")
    again = refine(grid, alice, tuner="grid", max_trials=100)
    assert again.warm_start_count == 18, "what the earlier one began with counts as well"
    assert plan_info(again).warning.startswith("All combinations of the grid have been tried")
    run(again, make_slot)
    assert again.trials.count() == 0
    assert len(read_space(again.space)) == 4
