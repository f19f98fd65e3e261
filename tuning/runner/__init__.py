"""The isolated process that runs people's code: no Django, no Celery, no credentials.

Started by a supervisor as `__main__.py`; see there for its arguments, input and output.
"""
