"""What the schedule and people can ask for: passes over mailboxes.

The incoming pass of one mailbox, from its claim to its end:

    claim (lease and fence) -> list a page of changes -> decide on each -> fetch what may be tracked
        -> fetch attachments -> who are the parties, is it a copy -> write rows, traces and the new
        position in one transaction -> next page ... -> release (next pass, statistics)

What the server may do behind our back: forget the position (the folder is listed again, which changes
nothing), list an item twice, delete an item before it is fetched, hand over an item that cannot be read
(set aside, reported, the rest goes on), answer nothing at all (the page is not written; the next pass
starts where the last written page ended). What we may do ourselves: be killed anywhere. Until a page is
written nothing of it exists; once it is written, all of it and its position exist.
"""
