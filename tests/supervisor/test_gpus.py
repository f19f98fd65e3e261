"""NVIDIA's GPUs as its library describes them: a library of our own stands in for it here, with the
real one's functions."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest

from tuning.supervisor import gpus
from tuning.supervisor.gpus import Gpu, Sample
from tuning.supervisor.launch import Device, environment

H200, T4 = Gpu(0, "NVIDIA H200", 143_000_000_000), Gpu(1, "Tesla T4", 16_000_000_000)


class Driver:
    """What a machine's driver says: of each GPU its name and memory; of one more by name, what runs
    there and how busy it is."""

    def __init__(self) -> None:
        self.gpus = [H200, T4]
        self.processes: list[Any] = []
        self.percent = 0

    def install(self, monkeypatch: Any) -> None:
        says = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.gpus),
            "nvmlDeviceGetHandleByIndex": self.gpus.__getitem__,
            "nvmlDeviceGetUUID": lambda gpu: f"GPU-{gpu.index}aaaa-bbbb",
            "nvmlDeviceGetName": lambda gpu: gpu.name,
            "nvmlDeviceGetMemoryInfo": lambda gpu: SimpleNamespace(total=gpu.memory),
            "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=self.percent),
            "nvmlDeviceGetComputeRunningProcesses": lambda _: self.processes,
        }
        for name, answer in says.items():
            monkeypatch.setattr(pynvml, name, answer)


@pytest.fixture
def driver(monkeypatch: Any) -> Driver:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    driver = Driver()
    driver.install(monkeypatch)
    return driver


@pytest.fixture
def tensorflow(monkeypatch: Any) -> Iterator[set[int]]:
    """The indices of the GPUs that it can use. Nothing is remembered from other tests."""
    usable = {0, 1}

    def run(_: Any, env: dict[str, str], **__: Any) -> Any:
        assert env["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
        visible = [int(index) for index in env["CUDA_VISIBLE_DEVICES"].split(",")]
        return SimpleNamespace(stdout=f"{len(usable.intersection(visible))}\n")

    monkeypatch.setattr(subprocess, "run", run)
    gpus.find.cache_clear()
    yield usable
    gpus.find.cache_clear()


def running(pid: int, memory: int | None) -> Any:
    return SimpleNamespace(pid=pid, usedGpuMemory=memory)


def test_a_machine_without_the_library_has_none(monkeypatch: Any, tensorflow: set[int]) -> None:
    def missing() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", missing)
    assert gpus.installed() == ()
    assert gpus.find() == gpus.Found()


def test_a_driver_that_does_not_answer_is_logged(
    driver: Driver, monkeypatch: Any, caplog: Any
) -> None:
    def broken() -> int:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_DRIVER_NOT_LOADED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetCount", broken)
    assert gpus.installed() == ()
    assert "Driver Not Loaded" in caplog.text


def test_they_are_named_with_their_memory(driver: Driver) -> None:
    assert gpus.installed() == (H200, T4)
    assert str(H200) == "GPU 0 (NVIDIA H200, 143 GB)"
    assert str(Device(T4, threads=4)) == "GPU 1 (Tesla T4, 16 GB)"
    assert str(Gpu(3)) == "GPU 3"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("0", [H200]), ("1,0", [T4, H200]), (" 1 ", [T4]), ("GPU-1aaaa", [T4]), ("", []),
        ("-1", []), ("NoDevFiles", []),
        # CUDA reads up to the first that is none, or that it had before.
        ("1,7,0", [T4]), ("1,1", [T4]),
        # More than one begins like this.
        ("GPU-", []),
    ],
)  # fmt: skip
def test_whoever_starts_a_worker_may_choose(
    value: str, found: list[Gpu], driver: Driver, monkeypatch: Any
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert list(gpus.installed()) == found


def test_only_those_count_that_tensorflow_can_use(driver: Driver, tensorflow: set[int]) -> None:
    assert gpus.find() == gpus.Found((H200, T4))
    gpus.find.cache_clear()
    tensorflow.discard(1)
    found = gpus.find()
    assert found.usable == (H200,)
    assert found.problem.startswith("TensorFlow cannot use GPU 1 (Tesla T4, 16 GB). Run")
    gpus.find.cache_clear()
    driver.gpus.pop()
    tensorflow.clear()
    found = gpus.find()
    assert found.usable == ()
    assert "cannot use GPU 0" in found.problem


def test_a_tensorflow_that_cannot_be_asked_uses_none(
    driver: Driver, tensorflow: set[int], monkeypatch: Any, caplog: Any
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise subprocess.CalledProcessError(1, "python")

    monkeypatch.setattr(subprocess, "run", fail)
    found = gpus.find()
    assert (found.usable, "cannot use" in found.problem) == ((), True)
    assert "could not be asked" in caplog.text


def test_a_runner_sees_its_own_gpu_and_no_other(tmp_path: Path) -> None:
    seen = environment(Device(T4), tmp_path, 0)
    assert (seen["CUDA_VISIBLE_DEVICES"], seen["CUDA_DEVICE_ORDER"]) == ("1", "PCI_BUS_ID")
    assert environment(Device(), tmp_path, 0)["CUDA_VISIBLE_DEVICES"] == "-1"


def test_a_sample_is_of_these_processes(driver: Driver) -> None:
    driver.processes = [running(10, 300), running(11, 500), running(99, 7_000)]
    driver.percent = 40
    assert gpus.sample(T4, {10, 11, 12}) == Sample(memory=800, use=0.4)
    # In a container, and on some cards, the driver does not say.
    driver.processes = [running(10, None), running(99, 7_000)]
    assert gpus.sample(T4, {10, 11}) == Sample(memory=None, use=0.4)


def test_a_gpu_that_is_gone_has_no_figures(driver: Driver, monkeypatch: Any) -> None:
    def lost(_: Any) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetUtilizationRates", lost)
    assert gpus.sample(H200, {1}) == Sample()
