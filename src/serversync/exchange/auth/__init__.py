"""Logging on to Exchange: who, with which scheme, and how a scheme speaks.

A scheme is a generator without any I/O: it yields what to send and receives what the server answered.
"""
