"""The kinds of items, one module each; ``registry`` knows them all."""
