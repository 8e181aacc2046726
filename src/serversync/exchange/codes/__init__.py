"""The answer codes of Exchange, by family: what each means for us. ``response_codes`` joins them to one table."""
