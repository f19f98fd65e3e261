"""What people can do. An action changes rows and, on commit, rings the workers' bell."""
