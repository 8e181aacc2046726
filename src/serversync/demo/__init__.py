"""The demonstration: a small company with an Exchange in the process, and a week of its mail."""
