"""The heads of a comparison of trials, with the addresses to which they lead."""

from dataclasses import dataclass

from tuning.models import Trial

from .chosen import Chosen, numbers_of


@dataclass(frozen=True)
class TrialColumn:
    """`without` and `against` are the comparison without this trial, and the one in which the
    others are compared with it."""

    trial: Trial
    is_reference: bool
    without: str
    against: str


def reference_of(chosen: Chosen) -> int:
    """The place of the trial in ?against=; the first one unless it names one."""
    texts = [numbers_of(trial) for trial in chosen.rows]
    requested = chosen.options.get("against")
    return texts.index(requested) if requested in texts else 0


def columns_of(chosen: Chosen, reference: int) -> list[TrialColumn]:
    return [
        TrialColumn(
            trial,
            place == reference,
            chosen.without(trial),
            chosen.query(against=numbers_of(trial)),
        )
        for place, trial in enumerate(chosen.rows)
    ]
