"""Looks at a real server for Test Connection: each module takes some of the steps."""
