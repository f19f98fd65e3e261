"""How many epochs a runner may report: a forged flood of them is refused before it fills the
database."""

from tuning.protocol.events import BadEvent
from tuning.protocol.model_kinds import ModelKind

# A template's own `fit` may train a model in several turns.
_FREEDOM = 10


class EpochLimit:
    """Counts what one piece of work reports, of which `epochs` in all were ordered."""

    def __init__(self, kind: ModelKind, epochs: int) -> None:
        self.most = _FREEDOM * epochs + kind.traits.max_more_units
        self.count = 0

    def add(self) -> None:
        """One more. Raises BadEvent if that is too many."""
        self.count += 1
        if self.count > self.most:
            raise BadEvent(f"more than {self.most:,} epochs")
