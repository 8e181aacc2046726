"""The API: what programs may ask over HTTP, in JSON. It calls the use cases of ``administration`` and decides nothing.

Whoever asks sends a key (``Authorization: Bearer``) and acts as its user, with the user's privileges. Answers have the same
shape as those of the commands with ``--json``.
"""
