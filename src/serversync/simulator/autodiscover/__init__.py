"""Autodiscover of the imitated server: POX, SOAP, JSON, what goes wrong with them, and the DNS and HTTP around them."""
