"""The few words that every other package shares; standard library only."""
