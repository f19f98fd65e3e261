"""The words that the site, the worker and the runner all speak. Standard library only."""
