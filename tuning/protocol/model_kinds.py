"""What a template's trials train."""

from enum import StrEnum


class ModelKind(StrEnum):
    """KERAS: a network that Keras trains. SKLEARN: an estimator of scikit-learn, scored by
    cross-validation. CUSTOM: whatever a Tuner subclass does in its own `run_trial`."""

    KERAS = "keras"
    SKLEARN = "sklearn"
    CUSTOM = "custom"

    @property
    def file_ending(self) -> str:
        """Of a retrained model's file."""
        return ".skops" if self is ModelKind.SKLEARN else ".keras"

    @property
    def model_file(self) -> str:
        """The file's name in the folder of the runner that trained it."""
        return f"model{self.file_ending}"
