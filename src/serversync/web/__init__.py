"""The pages: what an administrator and the users of the CRM see in a browser.

Each page is a folder of ``pages`` with its views, addresses and read queries; nothing is decided here.
"""
