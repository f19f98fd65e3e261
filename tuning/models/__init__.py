"""Rows and their querysets. `visible_to(user)` starts every access from a page."""

from .access_tokens import AccessToken, Scope
from .audit import AuditEntry
from .datasets import Dataset
from .dry_runs import DryRun
from .executions import Execution
from .hypermodels import HyperModel
from .idempotency import IdempotencyKey
from .importances import Importances
from .imports import SearchImport
from .inspections import Inspection
from .invitations import Invitation
from .machines import Machine
from .mails import OutgoingMail
from .notes import Comment, Mention, SavedView, Star, Tag
from .notifications import Notification, NotificationChoice, TeamEvent
from .partial_uploads import PartialUpload
from .people import BrowserSession, Profile
from .predictions import Prediction
from .projects import Project
from .saved_models import ModelEvaluation, SavedModel, SavedModelEpoch, Stage
from .searches import Search
from .teams import Membership, Role, Team
from .trial_index import TrialIndex
from .trials import Attempt, Epoch, Trial
from .webhooks import Delivery, Webhook
from .work import Work
from .workers import Release, Worker

__all__ = [
    "AccessToken",
    "Attempt",
    "AuditEntry",
    "BrowserSession",
    "Comment",
    "Dataset",
    "Delivery",
    "DryRun",
    "Epoch",
    "Execution",
    "HyperModel",
    "IdempotencyKey",
    "Importances",
    "Inspection",
    "Invitation",
    "Machine",
    "Membership",
    "Mention",
    "ModelEvaluation",
    "Notification",
    "NotificationChoice",
    "OutgoingMail",
    "PartialUpload",
    "Prediction",
    "Profile",
    "Project",
    "Release",
    "Role",
    "SavedModel",
    "SavedModelEpoch",
    "SavedView",
    "Scope",
    "Search",
    "SearchImport",
    "Stage",
    "Star",
    "Tag",
    "Team",
    "TeamEvent",
    "Trial",
    "TrialIndex",
    "Webhook",
    "Work",
    "Worker",
]
