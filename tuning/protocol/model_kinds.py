"""What a template's trials train."""

from enum import StrEnum

NETWORK_FILE = "model.keras"
ESTIMATOR_FILE = "model.skops"


class ModelKind(StrEnum):
    """KERAS: a network that Keras trains. SKLEARN: an estimator of scikit-learn, scored by
    cross-validation. CUSTOM: whatever a Tuner subclass does in its own `run_trial`."""

    KERAS = "keras"
    SKLEARN = "sklearn"
    CUSTOM = "custom"

    @property
    def model_files(self) -> tuple[str, ...]:
        """The names that a retrained model's file may have in the folder of its runner; there is
        one of them."""
        files = {
            ModelKind.KERAS: (NETWORK_FILE,),
            ModelKind.SKLEARN: (ESTIMATOR_FILE,),
            ModelKind.CUSTOM: (NETWORK_FILE, ESTIMATOR_FILE),
        }
        return files[self]
