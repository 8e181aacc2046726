"""Items, folders, attachments and the ways to name them, as EWS defines them.

Class names are element names, attributes are element names in snake_case; all values are immutable.
"""
