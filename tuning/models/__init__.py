"""Rows and their querysets. `visible_to(user)` starts every access from a page."""

from .datasets import Dataset
from .hypermodels import HyperModel
from .inspections import Inspection
from .projects import Project
from .saved_models import SavedModel, SavedModelEpoch
from .searches import Search
from .teams import Membership, Role, Team
from .trials import Attempt, Epoch, Trial
from .work import Work
from .workers import Worker

__all__ = [
    "Attempt",
    "Dataset",
    "Epoch",
    "HyperModel",
    "Inspection",
    "Membership",
    "Project",
    "Role",
    "SavedModel",
    "SavedModelEpoch",
    "Search",
    "Team",
    "Trial",
    "Work",
    "Worker",
]
