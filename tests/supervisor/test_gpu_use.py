"""What a trial took of its GPU is written with the trial."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tuning.models import Search, Trial
from tuning.models.resource_use import Used
from tuning.protocol.events import Built, Failed
from tuning.protocol.orders import SearchOrder, TrialOrder
from tuning.supervisor.gpus import NO_SAMPLE, Gpu, Sample
from tuning.supervisor.launch import Device

from .fake_runner import Step, good_trial

pytestmark = pytest.mark.django_db
ON_GPU = Device(Gpu(0, "NVIDIA H200", 143_000_000_000))


@pytest.fixture
def train(make_search: Any, make_slot: Any, monkeypatch: Any) -> Any:
    """A function: a trial after each of whose samples the supervisor looks."""
    monkeypatch.setattr("tuning.supervisor.limits.CHECK_EVERY", 0)

    def run(*samples: Sample, device: Device = ON_GPU, end: Any = None) -> Used:
        search: Search = make_search(max_trials=1, max_consecutive_failures=1)

        def script(order: SearchOrder, trial: TrialOrder) -> Iterator[Step]:
            yield Built(100, "")
            for sample in samples:
                yield lambda sample=sample: setattr(slot.started[-1], "used_gpu", sample)  # type: ignore[misc]
            yield from [end] if end else list(good_trial(order, trial))[1:]

        slot = make_slot(script)
        slot.device = device
        slot.run()
        trial: Trial = search.trials.get()
        return replace(trial.used, peak_memory=None)

    return run


def test_the_most_memory_and_the_mean_use(train: Any) -> None:
    used = train(Sample(500, 0.2), Sample(900, 0.9), Sample(100, 0.4))
    assert (used.gpu_name, used.peak_gpu_memory) == ("NVIDIA H200", 900)
    # The last sample stands for those at the epochs as well.
    assert 0.4 < used.gpu_use < 0.9


def test_a_failed_trial_has_them_too(train: Any) -> None:
    used = train(Sample(700, 1.0), end=Failed("code_error", "no", ""))
    assert used == Used(None, "NVIDIA H200", 700, 1.0)


def test_what_the_driver_does_not_say_is_not_made_up(train: Any) -> None:
    assert train(NO_SAMPLE) == Used(None, "NVIDIA H200")
    assert train(Sample(None, 0.5)) == Used(None, "NVIDIA H200", None, 0.5)


def test_a_trial_on_a_cpu_has_none(train: Any) -> None:
    assert train(device=Device()) == Used()


def test_executions_of_several_slots_together() -> None:
    parts = [
        Used(10, "NVIDIA H200", 500, 0.9), Used(30, "Tesla T4", None, 0.5), Used(), Used(20, "", 7),
    ]  # fmt: skip
    found = Used.together(parts)
    assert found == Used(30, "NVIDIA H200, Tesla T4", 500, pytest.approx(0.7))
    assert Used.together([Used(), Used()]) == Used()
