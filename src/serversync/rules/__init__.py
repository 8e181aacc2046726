"""What serversync decides, and never does: pure functions without network, database, clock or log."""
