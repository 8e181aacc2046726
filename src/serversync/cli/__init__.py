"""The command line: one module a group of commands; what the commands do is in ``administration``."""
