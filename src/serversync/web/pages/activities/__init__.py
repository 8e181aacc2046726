"""Activities other than e-mail."""
