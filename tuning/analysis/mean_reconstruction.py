"""What an autoencoder has to beat: the mean of the training rows in the place of each row."""

from tuning.figures import figure
from tuning.models import Search


def mean_reconstruction_text(search: Search) -> str:
    """A sentence beside the scores of trials; empty where nothing is known."""
    errors = search.mean_reconstruction
    if not errors:
        return ""
    return (
        "Baseline that answers each validation row with the mean of the training rows: mean "
        f"squared error {figure(errors['squared'])}, mean absolute error "
        f"{figure(errors['absolute'])}."
    )
