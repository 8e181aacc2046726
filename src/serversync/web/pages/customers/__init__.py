"""Contacts and accounts."""
