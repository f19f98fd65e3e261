"""Whether a search, or what is built of a template, needs a GPU."""

from enum import StrEnum


class GpuNeed(StrEnum):
    """PREFERRED: it trains on a CPU while no GPU is free. REQUIRED: it waits for one."""

    NONE = ""
    PREFERRED = "prefer"
    REQUIRED = "require"

    @property
    def caption(self) -> str:
        return _CAPTIONS[self]


def gpu_choices() -> list[tuple[str, str]]:
    """For a field of a database or of a form."""
    return [(need.value, need.caption) for need in GpuNeed]


_CAPTIONS = {
    GpuNeed.NONE: "Not needed",
    GpuNeed.PREFERRED: "Preferred",
    GpuNeed.REQUIRED: "Required",
}
