"""Looks at a server from below, one layer at a time, without ever sending credentials to it."""
