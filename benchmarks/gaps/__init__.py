"""A Django app that notes how long runners wait between two trials, and nothing else."""
