"""The list of tracked mail, one e-mail, its body and its files."""
