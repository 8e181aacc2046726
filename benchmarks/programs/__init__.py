"""Programs that are measured: each does one job on arguments given as JSON and prints its figures as JSON."""
