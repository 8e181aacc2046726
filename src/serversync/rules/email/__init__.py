"""Which messages become e-mail activities, which are copies of one another, and who the parties are."""
