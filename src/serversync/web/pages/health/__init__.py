"""Two addresses for monitoring."""
