"""Search strategies: how a search chooses the next values.

`traits` says what each strategy is and can do, for forms, pages and claims: importing it costs
nothing. `suggesting` asks one for its next values; the libraries behind it (KerasTuner, Optuna) are
loaded when the first search needs them.
"""
