"""Appointments, series and tasks."""
