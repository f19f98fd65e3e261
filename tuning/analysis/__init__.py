"""The read side: what pages show, computed from rows. Nothing here changes anything."""
