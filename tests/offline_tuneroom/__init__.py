"""A Tuneroom whose runners download nothing, whatever the machine could: a Django app, and the
site's settings with it."""
