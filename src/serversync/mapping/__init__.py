"""Where a column of the CRM and a property of Exchange stand in one line; the only place that knows both names."""
