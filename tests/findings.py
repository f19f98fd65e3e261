"""Pictures like chest X-rays, each with any number of five findings, as MedMNIST stores them."""

from pathlib import Path

import numpy as np

FINDINGS = 5
# Rows of the three parts.
PARTS = {"train": 160, "val": 40, "test": 40}


def findings(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (rows, 16, 16) and uint8 (rows, 5): a finding is a bright spot at a place of its own.
    About a quarter of the rows have none."""
    random = np.random.default_rng(seed)
    x = random.integers(0, 60, (rows, 16, 16)).astype(np.uint8)
    y = (random.random((rows, FINDINGS)) < [0.4, 0.3, 0.25, 0.2, 0.15]).astype(np.uint8)
    for row, finding in np.argwhere(y):
        top = 3 * finding
        x[row, top : top + 3, 3 * finding : 3 * finding + 3] += np.uint8(120)
    return x, y


def write_findings(path: Path) -> Path:
    """`train_images`, `train_labels`, …"""
    arrays = {}
    for seed, (part, rows) in enumerate(PARTS.items()):
        arrays[f"{part}_images"], arrays[f"{part}_labels"] = findings(rows, seed)
    np.savez(path, **arrays)
    return path
