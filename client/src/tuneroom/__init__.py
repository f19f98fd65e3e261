"""A client for the REST API of a Tuneroom site.

- `http.py`: requests with a token, retries, pages and errors
- `resource.py`: what is common to everything on the site
- `resources.py`: what the site has: projects, searches, trials, models, datasets, templates
- `answers.py`: predictions, evaluations, dry runs
- `webhooks.py`: webhooks and notifications
- `runs.py`: trials that a script trains itself and logs
- `keras.py`, `optuna.py`: callbacks that log to runs, which nothing here imports
- `client.py`: where a script begins
"""

from .answers import DryRun, Evaluation, Prediction, TestRow
from .client import Client, connect
from .http import Failed, Problem
from .resources import (
    Confirmation,
    Dataset,
    Epoch,
    Model,
    Project,
    Search,
    Team,
    Template,
    Trial,
    Trials,
    Verdict,
)
from .runs import Run
from .webhooks import Delivery, Notification, Webhook

__all__ = [
    "Client",
    "Confirmation",
    "Dataset",
    "Delivery",
    "DryRun",
    "Epoch",
    "Evaluation",
    "Failed",
    "Model",
    "Notification",
    "Prediction",
    "Problem",
    "Project",
    "Run",
    "Search",
    "Team",
    "Template",
    "TestRow",
    "Trial",
    "Trials",
    "Verdict",
    "Webhook",
    "connect",
]
