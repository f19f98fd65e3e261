"""Replays of search strategies against recorded learning curves, for `search_quality.py`.

tables: the recorded curves of a task.
ours, peers: searches of Tuneroom, and of KerasTuner and Optuna by themselves, on such a table.
replays: runs all contenders on all tasks with all seeds, and keeps what came out.
regret: what the replays say: regret, bands, tests, epochs to a regret.
page: writes docs/search_quality.md and its drawing.
"""
