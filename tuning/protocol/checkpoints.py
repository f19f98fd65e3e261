"""Checkpoints of a running trial, from which its next attempt goes on if this one is lost.

The runner writes one (`runner/networks/checkpoints.py`) and says `CheckpointSaved`; the supervisor
copies it to the storage and remembers its epoch with the trial. The next attempt finds it in its
own folder, and the order says so (`TrialOrder.resume_after`). The runner answers `Resumed`, whose
epochs the supervisor copies to the new attempt, or begins again without a word.
"""

# Below the runner's folder; one folder for each epoch, by its number.
FOLDER = "resume"


def folder_of(epoch: int) -> tuple[str, str]:
    return FOLDER, str(epoch)
