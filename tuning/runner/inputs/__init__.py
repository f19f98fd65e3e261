"""A prepared dataset's rows, as models get them."""
