"""A search as a TensorBoard log folder."""
