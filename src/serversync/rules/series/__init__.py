"""Series: their patterns, the zones whose clock they follow, and what is different about single occurrences."""
