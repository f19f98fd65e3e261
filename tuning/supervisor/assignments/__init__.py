"""What a supervisor does with claimed work: one module for each kind of work."""

from tuning.models import (
    Dataset,
    DryRun,
    Execution,
    Inspection,
    ModelEvaluation,
    Prediction,
    SavedModel,
    SearchImport,
    Trial,
)
from tuning.supervisor.claims import Claimed

from .base import Assignment
from .dry_run import DryRunAssignment
from .evaluation import EvaluationAssignment
from .execution import ExecutionAssignment
from .importing import ImportAssignment
from .inspection import InspectionAssignment
from .prediction import PredictionAssignment
from .preparation import PreparationAssignment
from .retraining import RetrainingAssignment
from .spread_trial import SpreadTrialAssignment
from .trial import TrialAssignment

__all__ = ["Assignment", "assignment_for"]


def assignment_for(claimed: Claimed) -> Assignment:
    """The assignment for a row that was just claimed."""
    match claimed:
        case Trial() if claimed.search.spreads:
            return SpreadTrialAssignment(claimed)
        case Trial():
            return TrialAssignment(claimed)
        case Execution():
            return ExecutionAssignment(claimed)
        case Inspection():
            return InspectionAssignment(claimed)
        case Dataset():
            return PreparationAssignment(claimed)
        case DryRun():
            return DryRunAssignment(claimed)
        case SearchImport():
            return ImportAssignment(claimed)
        case ModelEvaluation():
            return EvaluationAssignment(claimed)
        case Prediction():
            return PredictionAssignment(claimed)
        case SavedModel():
            return RetrainingAssignment(claimed)
