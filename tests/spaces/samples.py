"""Search spaces for hypothesis: every kind, with steps, samplings and conditions."""

from typing import Any

from hypothesis import strategies as st

from tuning.spaces.hyperparameters import Hyperparameter, read_space

from .test_hyperparameters import entry, numbers


@st.composite
def ranges(draw: st.DrawFn) -> dict[str, Any]:
    """The config of a range of numbers that KerasTuner takes, of Int or Float."""
    if draw(st.booleans()):
        low = draw(st.integers(-20, 100))
        high = draw(st.integers(low + 1, low + 300))
        sampling = draw(st.sampled_from(["linear", "log", "reverse_log"])) if low > 0 else "linear"
        step: float | None = None
        if sampling == "linear":
            step = draw(st.integers(1, high - low))
        elif high >= 2 * low:
            step = draw(st.sampled_from([None, 2]))
        return {"kind": "Int", **numbers(low, high, step, sampling)}
    low = draw(st.sampled_from([0.0, 0.1, 0.2, 1e-5, 1e-4, 3e-3, -1.0, 2.5]))
    width = draw(st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0, 10.0, 33.3]))
    sampling = draw(st.sampled_from(["linear", "log", "reverse_log"])) if low > 0 else "linear"
    high = low * 10 ** draw(st.integers(1, 4)) if sampling != "linear" else low + width
    step = draw(st.sampled_from([None, 0.1, 0.05] if sampling == "linear" else [None, 10.0, 2.0]))
    return {"kind": "Float", **numbers(low, high, step, sampling)}


@st.composite
def spaces(draw: st.DrawFn) -> dict[str, Any]:
    """A KerasTuner config with a choice, and hyperparameters that depend on it or do not."""
    entries = [
        entry("Choice", "kind", values=["a", "b", "c"], default="b", ordered=False),
        entry("Boolean", "wide", default=False),
        entry("Choice", "size", ("kind", ["a", "c"]), values=[3, 5, 7], default=3, ordered=True),
        entry("Fixed", "fixed", value=0.5),
    ]
    for number in range(draw(st.integers(1, 4))):
        config = draw(ranges())
        kind = config.pop("kind")
        when = draw(st.sampled_from([None, ("kind", ["a"]), ("wide", [True])]))
        entries.append(entry(kind, f"x{number}", when, default=config["min_value"], **config))
    return {"space": entries, "values": {}}


@st.composite
def values_of(draw: st.DrawFn, parameter: Hyperparameter) -> Any:
    """One of the values that KerasTuner can hand out for it."""
    if parameter.listed is not None:
        return draw(st.sampled_from(parameter.listed))
    if parameter.step is not None:
        return parameter.grid_values[draw(st.integers(0, (parameter.count or 1) - 1))]
    low, high = parameter.config["min_value"], parameter.config["max_value"]
    return draw(st.integers(low, high) if parameter.kind == "Int" else st.floats(low, high))


@st.composite
def trials_of(draw: st.DrawFn, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Values of some trials, as KerasTuner fills a space: only what is active."""
    trials = []
    for _ in range(draw(st.integers(1, 5))):
        values: dict[str, Any] = {}
        for parameter in read_space(config):
            if all(values.get(c.name) in c.values for c in parameter.conditions):
                values[parameter.name] = draw(values_of(parameter))
        trials.append(values)
    return trials
