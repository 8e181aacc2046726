"""The overview: what is healthy, waiting, failing, and never tested."""
