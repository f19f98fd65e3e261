"""Five searches by Tuneroom and by its peers, for `throughput.py`.

workloads: what is searched: data, space, trials, epochs, targets.
builders: the models of each workload, as templates of Tuneroom and as functions of a script.
scripts: the peers: a KerasTuner script (alone, or a worker of its chief) and an Optuna script.
data: the rows of each workload, divided as Tuneroom divides them.
programs: the table of programs, and how a peer runs.
tuneroom_program: how Tuneroom runs.
watching: memory, files and the share of graph execution of a running program.
results: what was measured, kept in a folder outside git, and the arithmetic on it.
long_runs: the same of many trials on one runner, for `long_run.py`.
page, drawing: write docs/throughput.md and its drawings.
"""
