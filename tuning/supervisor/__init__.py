"""The worker's side: claim work, start runners, watch them, record what they report.

Trusted: it has the database and loads no code that people upload.
"""
