"""Pages, one file per subject. Every row is reached through `visible_to(user)`."""
