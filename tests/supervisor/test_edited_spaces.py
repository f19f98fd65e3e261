"""Edited search spaces are KerasTuner's: what the form takes its constructors take, what they
refuse the form refuses, and its oracles suggest values that lie in the space."""

import os
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.spaces.samples import spaces, trials_of
from tests.spaces.test_hyperparameters import entry, numbers
from tuning.analysis.warm_start import Fitting
from tuning.forms.space import SpaceForm
from tuning.models import Inspection
from tuning.protocol.events import TrialEnd
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.spaces.combinations import grid_size
from tuning.spaces.edits import Edit, Range, Refused, Values, edited
from tuning.spaces.hyperparameters import default_values, read_space
from tuning.spaces.narrowing import narrowed
from tuning.strategies.contract import KnownTrial, Settings
from tuning.strategies.suggesting import suggest
from tuning.strategies.traits import traits_of

from .fake_runner import Step

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
pytestmark = [
    pytest.mark.tensorflow,
    # KerasTuner's Bayesian oracle lets scikit-learn fit scores that follow no pattern.
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]

# Every kind, and a chain of conditions: layers > size_2 (> wide, if it is 64).
OWN = {
    "space": [
        entry("Int", "layers", default=2, **numbers(1, 3, 1)),
        entry("Int", "size_2", ("layers", [2, 3]), default=32, **numbers(8, 64, 8)),
        entry("Boolean", "wide", ("size_2", [64]), default=False),
        entry("Choice", "kernel", default=3, values=[3, 5], ordered=True),
        entry("Choice", "activation", default="relu", values=["relu", "tanh"], ordered=False),
        entry("Float", "dropout", ("layers", [3]), default=0.2, **numbers(0.0, 0.5, 0.1)),
        entry("Float", "rate", default=2e-3, **numbers(1e-4, 1e-2, None, "log")),
        entry("Fixed", "momentum", value=0.9),
    ],
    "values": {},
}
PLACES = {config["config"]["name"]: place for place, config in enumerate(OWN["space"])}

whole = st.integers(-3, 130)
figures = st.one_of(
    whole, st.floats(-1, 2), st.sampled_from([0.0, 1e-5, 1e-3, 0.1, 0.5, 64.0, 1e15, 1e300, 1e-300])
)
samplings = st.sampled_from(["linear", "log", "reverse_log"])
ranges = st.builds(Range, figures, figures, st.none() | figures, samplings)
lists = st.builds(
    Values,
    st.lists(st.one_of(figures, st.booleans(), st.sampled_from(["relu", "tanh", "x"])), max_size=4)
    .map(tuple),
)  # fmt: skip


def hyperparameters(space: dict[str, Any]) -> Any:
    import keras_tuner

    return keras_tuner.HyperParameters.from_config(deepcopy(space))


@given(st.dictionaries(st.sampled_from(range(len(OWN["space"]))), ranges | lists, min_size=1))
@settings(max_examples=600, deadline=None)
@example({0: Range(3, 1)})
@example({6: Range(1e-4, 1e-2, 1, "log")})
def test_what_is_taken_keras_tuner_takes(edits: dict[int, Edit]) -> None:
    accepted = {}
    for place, edit in edits.items():
        try:
            edited(OWN, {place: edit})
        except Refused:
            continue
        accepted[place] = edit
    space = edited(OWN, accepted)
    hp = hyperparameters(space)
    for parameter, entry_ in zip(read_space(space), hp.space, strict=True):
        assert parameter.default == entry_.default
        assert parameter.takes(parameter.default)
        for share in (0.0, 0.3, 0.999999):
            value = entry_.prob_to_value(share)
            assert parameter.closest(value) is not None, (parameter.range_text, value)
            assert 0 <= entry_.value_to_prob(value) <= 1
        if parameter.grid_count <= 1000:
            assert sorted(map(str, entry_.values)) == sorted(map(str, parameter.grid_values))
        assert entry_.conditions == hyperparameters(OWN)._hps[parameter.name][0].conditions


@given(st.data(), spaces())
@settings(max_examples=150, deadline=None)
def test_narrowed_spaces_are_keras_tuners(data: Any, config: dict[str, Any]) -> None:
    """What its oracles hand out lies in the old space, and they can begin with what was seen."""
    trials = data.draw(trials_of(config))
    space = edited(config, narrowed(config, trials).edits)
    hp = hyperparameters(space)
    for parameter, old, entry_ in zip(read_space(space), read_space(config), hp.space, strict=True):
        assert parameter.default == entry_.default
        for share in (0.0, 0.4, 0.999999):
            value = entry_.prob_to_value(share)
            if parameter.kind == "Int" and parameter.sampling == "reverse_log":
                # KerasTuner rounds these down, past their lowest too.
                value = max(value, parameter.config["min_value"])
            assert old.closest(value) is not None
    fits = Fitting(space, traits_of("bayesian"))
    for values in trials:
        found = fits.values(values)
        assert found is not None
        hp.values = dict(found)
        hp.ensure_active_values()
        assert hp.values == found, "nothing is missing, nothing is inactive"
        for entry_ in hp.space:
            if hp.is_active(entry_):
                assert -1e-9 <= entry_.value_to_prob(found[entry_.name]) <= 1


typed = st.one_of(
    figures.map(str), st.sampled_from(["", "1e-3", ".5", "64", "8, 16", "0.1,0.2", "3", "nan"])
)
ROWS = {
    f"space-{place}-{name}": values
    for place in range(len(OWN["space"]))
    for name, values in {
        "way": st.sampled_from(["range", "values"]), "low": typed, "high": typed, "step": typed,
        "sampling": samplings, "values": typed | st.sampled_from(["0", "1"]),
    }.items()
}  # fmt: skip


@given(st.fixed_dictionaries(ROWS), st.sampled_from(["grid", "random"]))
@settings(max_examples=200, deadline=None)
def test_what_the_form_takes_keras_tuner_takes(rows: dict[str, str], tuner: str) -> None:
    data = QueryDict(mutable=True)
    data.update({**rows, "tuner": tuner})
    form = SpaceForm(data, inspection=Inspection(pk=1, space=OWN))
    hp = hyperparameters(form.space)
    assert [row.own.name for row in form.rows] == [entry_.name for entry_ in hp.space]
    for row, entry_ in zip(form.rows, hp.space, strict=True):
        assert row.parameter.closest(entry_.random_sample(seed=1)) is not None


@given(whole | figures, whole | figures, st.none() | figures, samplings, st.booleans())
@settings(max_examples=600, deadline=None)
def test_what_keras_tuner_refuses_is_refused(
    low: float, high: float, step: float | None, sampling: str, is_int: bool
) -> None:
    import keras_tuner

    kind = "Int" if is_int else "Float"
    try:
        getattr(keras_tuner.engine.hyperparameters, kind)("x", low, high, step, sampling)
    except (ValueError, OverflowError):
        own = {"space": [entry(kind, "x", **numbers(-7, 9, 1 if is_int else None))]}
        if low == high:
            return  # A range of one value is fixed to it, whatever its step is.
        with pytest.raises(Refused):
            edited(own, {0: Range(low, high, step, sampling)})


EDITS: dict[str, Edit] = {
    "layers": Values((2,)),
    "size_2": Range(16, 48, 16),
    "kernel": Values((3, 5, 7)),
    "activation": Values(("tanh",)),
    "rate": Values((0.001, 0.003)),
    "momentum": Range(0.5, 0.7, 0.1),
}
EDITED = edited(OWN, {PLACES[name]: edit for name, edit in EDITS.items()})


def tried(tuner: str, trials: int) -> list[dict[str, Any]]:
    """The values that our oracle hands out, one trial after the other."""
    order = Settings(tuner, "x", "min", EDITED, seed=3, max_trials=trials, epochs=9)
    state: dict[str, Any] = {}
    known: list[KnownTrial] = []
    while len(known) < trials:
        suggestion = suggest(order, state, known, "claimant")
        if suggestion.status != "RUNNING":
            break
        state, number = suggestion.state, len(known)
        ended = KnownTrial(
            suggestion.trial_id, suggestion.values, "COMPLETED", number % 3 + 0.5, 0, number + 1
        )
        known.append(ended)
    return [trial.values for trial in known]


# Of scikit-learn about scores that follow from nothing.
@pytest.mark.filterwarnings("ignore:The optimal value found for")
@pytest.mark.parametrize("tuner", ["random", "bayesian", "hyperband", "grid"])
def test_every_oracle_stays_inside(tuner: str) -> None:
    space = {parameter.name: parameter for parameter in read_space(EDITED)}
    # Bayesian optimisation takes seconds for each trial after the first two dozen.
    all_values = tried(tuner, 26)
    assert len(all_values) >= 12
    for values in all_values:
        own = {name: value for name, value in values.items() if not name.startswith("tuner/")}
        assert own.keys() == {"layers", "size_2", "kernel", "activation", "rate", "momentum"}
        for name, value in own.items():
            assert space[name].closest(value) is not None, (name, value)
    assert {values["kernel"] for values in all_values} == {3, 5, 7}


def test_a_grid_ends_with_the_edited_space() -> None:
    all_values = tried("grid", 1000)
    assert len(all_values) == grid_size(read_space(EDITED))
    assert len({str(sorted(values.items())) for values in all_values}) == len(all_values)
    assert all_values[0] == default_values(EDITED)


@pytest.mark.parametrize("tuner", ["random", "bayesian", "grid"])
@pytest.mark.django_db
def test_a_search_of_which_all_is_fixed_ends(tuner: str, make_search: Any, make_slot: Any) -> None:
    def scripted(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
        assert trial.values == {"units": 16, "optimizer": "adam", "learning_rate": 0.01}
        yield TrialEnd({order.objective: 0.5}, 0)

    from tests.conftest import SPACE

    fixed: dict[int, Edit] = {0: Values((16,)), 1: Values(("adam",)), 3: Values((0.01,))}
    search = make_search(tuner=tuner, max_trials=9, space=edited(SPACE, fixed))
    make_slot(scripted).run()
    search.refresh_from_db()
    assert search.status == "completed"
    assert 1 <= search.trials.count() <= 2
