"""Templates with a Tuner class of their own: inspection, search, retraining."""
