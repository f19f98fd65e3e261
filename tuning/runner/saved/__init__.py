"""The files of trained models: they load again and take raw values."""
