"""Server-side synchronization between a CRM and Exchange Server on-premises."""

__version__ = "0.1.0"
