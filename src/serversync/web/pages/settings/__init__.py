"""Email Configuration Settings."""
