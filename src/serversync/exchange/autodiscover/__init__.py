"""Finds the server of a mailbox by its address: POX, SOAP and JSON Autodiscover over the whole lookup order.

``lookup`` decides and does nothing: it is a generator that yields what to ask and receives the answers. ``discover``
runs it over the network. What a password may be sent to is decided in ``lookup`` and ``names`` alone.
"""
