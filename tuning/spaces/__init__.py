"""Search spaces as KerasTuner writes them: their values, how many there are, and their edits."""
