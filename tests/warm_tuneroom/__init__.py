"""A Tuneroom whose runners are forks of a process that has imported Keras: a Django app, and the
site's settings with it."""
