"""What trials and executions take of their machine, as far as their supervisors see it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any, Self

from django.db import models

GPU_NAME_LENGTH = 120


@dataclass(frozen=True)
class Used:
    """Bytes at most, and the mean share of the time (0 to 1) in which the GPU computed, whoever it
    computed for. None: nobody could see it."""

    peak_memory: int | None = None
    gpu_name: str = ""
    peak_gpu_memory: int | None = None
    gpu_use: float | None = None

    @property
    def fields(self) -> dict[str, Any]:
        """As `ResourceUse` has them."""
        return asdict(self)

    @property
    def gpu_use_text(self) -> str:
        return "" if self.gpu_use is None else f"{self.gpu_use:.0%}"

    @classmethod
    def together(cls, parts: Iterable["Used"]) -> Self:
        """Of a trial whose executions several slots have trained."""
        listed = list(parts)
        names = dict.fromkeys(part.gpu_name for part in listed if part.gpu_name)
        shares = [part.gpu_use for part in listed if part.gpu_use is not None]
        return cls(
            peak_memory=_most(part.peak_memory for part in listed),
            gpu_name=", ".join(names)[:GPU_NAME_LENGTH],
            peak_gpu_memory=_most(part.peak_gpu_memory for part in listed),
            gpu_use=fmean(shares) if shares else None,
        )


NOTHING_SEEN = Used()


def _most(amounts: Iterable[int | None]) -> int | None:
    return max((amount for amount in amounts if amount is not None), default=None)


class ResourceUse(models.Model):
    """`Used`, as columns."""

    peak_memory = models.BigIntegerField(
        null=True, blank=True, help_text="Bytes that the runner's processes had at most."
    )
    gpu_name = models.CharField(max_length=GPU_NAME_LENGTH, blank=True, default="", db_default="")
    peak_gpu_memory = models.BigIntegerField(
        null=True, blank=True, help_text="Bytes that its processes had on the GPU at most."
    )
    gpu_use = models.FloatField(
        null=True, blank=True, help_text="Mean share of the time in which the GPU computed."
    )

    class Meta:
        abstract = True

    @property
    def used(self) -> Used:
        return Used(self.peak_memory, self.gpu_name, self.peak_gpu_memory, self.gpu_use)
