"""A search as a TensorBoard log folder.

`analysis/tensorboard` makes the zip archive of a search while it is sent: a batch of trials is in
memory at a time. `tests/views/test_tensorboard_export.py` asks the real TensorBoard about it.
"""
