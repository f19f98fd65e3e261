"""What people type in, checked: each problem is said beside its field."""
