"""The check-up of the whole installation."""
