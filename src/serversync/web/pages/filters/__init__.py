"""Synchronization filters."""
