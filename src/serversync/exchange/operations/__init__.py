"""What can be asked of Exchange: one module an operation, request and answer together."""
