"""What a runner gives up before it loads anything, and who watches it."""
