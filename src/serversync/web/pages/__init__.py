"""One folder a page: views, addresses, and the rows they read."""
