"""Estimators of scikit-learn: inspection, cross-validation, retraining."""
