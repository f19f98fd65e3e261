"""What trials report and how they end: the only place that writes it.

Workers record what their runners report, and the API what scripts elsewhere report.

- `recorder.py`: every such write, each under the fencing token of an attempt
- `judging.py`: what a trial is judged by besides its score
- `pruning.py`: whether a running trial goes on; `curves.py` has what is compared
"""
