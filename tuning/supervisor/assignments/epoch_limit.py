"""How many epochs a runner may report: a forged flood of them is refused before it fills the
database."""

from tuning.protocol.events import BadEvent
from tuning.protocol.model_kinds import ModelKind

# A template's own `fit` may train a model in several turns, and report each of their epochs.
_FREEDOM, _MORE = 10, 1_000
# What a custom tuner calls an epoch, and how many of those it has, is its own affair.
_MORE_OF_CUSTOM = 20_000


class EpochLimit:
    """Counts what one piece of work reports, of which `epochs` in all were ordered."""

    def __init__(self, kind: ModelKind, epochs: int) -> None:
        more = _MORE_OF_CUSTOM if kind == ModelKind.CUSTOM else _MORE
        self.most = _FREEDOM * epochs + more
        self.count = 0

    def add(self) -> None:
        """One more. Raises BadEvent if that is too many."""
        self.count += 1
        if self.count > self.most:
            raise BadEvent(f"more than {self.most:,} epochs")
