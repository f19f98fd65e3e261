"""Slots of the workers that take work, those with a GPU apart; and which work may have them.

What requires a GPU waits for a slot that has one. What prefers one takes a slot without only while
all of those are busy. All else takes any slot.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tuning.models import Work, Worker
from tuning.protocol.gpu_needs import GpuNeed


@dataclass(frozen=True)
class Slots:
    """`gpus` of the slots have one."""

    total: int = 0
    free: int = 0
    gpus: int = 0
    free_gpus: int = 0

    @property
    def sentence(self) -> str:
        if not self.total:
            return "No worker is available"
        return f"{self.free} of {self.total} slots free"


@dataclass(frozen=True)
class Demand:
    """How many slots could find something to do: only such as have a GPU, or any."""

    on_gpu: int = 0
    anywhere: int = 0

    def __add__(self, other: "Demand") -> "Demand":
        return Demand(self.on_gpu + other.on_gpu, self.anywhere + other.anywhere)

    def __bool__(self) -> bool:
        return self.total > 0

    @classmethod
    def of(cls, need: str, times: int = 1) -> "Demand":
        """Of so many pieces of work with this need."""
        return cls(on_gpu=times) if need == GpuNeed.REQUIRED else cls(anywhere=times)

    def within(self, slots: Slots) -> "Demand":
        """As far as there are free slots for it."""
        on_gpu = min(self.on_gpu, slots.free_gpus)
        return Demand(on_gpu, min(self.anywhere, slots.free - on_gpu))

    @property
    def total(self) -> int:
        return self.on_gpu + self.anywhere


def slots() -> Slots:
    """A query for each kind of work, and one more."""
    workers = {row.pk: row for row in Worker.objects.available().only("slots", "gpu_slots")}
    busy: set[tuple[int, int]] = set()
    for kind in Work.__subclasses__():
        rows: Any = kind.objects.running()  # type: ignore[attr-defined]
        busy.update(rows.filter(worker__in=workers).values_list("worker_id", "slot"))
    total = sum(worker.slots for worker in workers.values())
    gpus = sum(worker.gpu_slots for worker in workers.values())
    busy_gpus = sum(slot in range(workers[pk].gpu_slots) for pk, slot in busy)
    return Slots(total, max(total - len(busy), 0), gpus, max(gpus - busy_gpus, 0))


def workers_for(need: str) -> int:
    """How many of the workers that take work could do some with this need."""
    available = Worker.objects.available()
    if need == GpuNeed.REQUIRED:
        available = available.filter(gpu_slots__gt=0)
    return available.count()


def may_take(needs: Iterable[str], has_gpu: bool) -> set[str]:
    """Those of the needs that a free slot can serve. Queries only if one of them depends on the
    other slots."""
    found = set(needs)
    if not has_gpu:
        found.discard(GpuNeed.REQUIRED)
        if GpuNeed.PREFERRED in found and workers_for(GpuNeed.REQUIRED) and slots().free_gpus:
            found.discard(GpuNeed.PREFERRED)
    return found
