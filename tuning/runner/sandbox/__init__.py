"""What a runner gives up before its first order, and who watches it.

What it does not do: with CUDA it is untested (Landlock and the namespaces let `/dev/nvidia*`
through, nobody has trained so; `SANDBOX_LEVEL=0` is the way out). Limits that are looked at twice a
second can be overrun in between: only the free space above `DISK_FLOOR_MB` and the machine's spare
memory cover that. A trial's Python threads can live on in a runner that serves the next trial of
the same search. Its events bear a random token of the trial's order, and others are dropped, so
that such a thread would have to find the new token in the memory that it shares; other searches
never share a process. The runners of a worker are forks of one process: they begin with the same
memory at the same addresses, which holds nothing of anybody's. Landlock's second step (only the own
dataset stays in sight) does not bind threads that Keras's import started. With `RUNNER_NETWORK=1`
UDP is open too. The kernel itself is shared. For hostile strangers only a machine or VM of their
own is an answer.
"""
