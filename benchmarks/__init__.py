"""What serversync costs, measured against a peer or a floor in the same run; see ``python -m benchmarks --help``."""
