"""Email server profiles: the list, the form, and Test Connection."""
