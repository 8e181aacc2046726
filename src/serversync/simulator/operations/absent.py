"""What this organization has none of: managed folders (2007 and later) and retention tags (2013 and later)."""

from serversync.simulator.call import Call
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, failure, response, single

M, T = f"{{{MESSAGES_NS}}}", f"{{{TYPES_NS}}}"


def create_managed_folder(call: Call) -> str:
    """Return ``ErrorManagedFolderNotFound`` for each name, as no administrator has defined such a folder."""
    messages = []
    for _ in call.request.iterfind(f"{M}FolderNames/{T}FolderName"):
        error = EwsError("ErrorManagedFolderNotFound", "The managed folder is not defined in the directory.")
        try:
            call.check()
        except EwsError as planned:
            error = planned
        messages.append(failure("CreateManagedFolder", error, "<m:Folders/>"))
    return response("CreateManagedFolder", messages)


def get_user_retention_policy_tags(call: Call) -> str:
    """Return an empty list of tags."""
    try:
        call.check()
    except EwsError as error:
        return single("GetUserRetentionPolicyTagsResponse", "<m:RetentionPolicyTags/>", error)
    return single("GetUserRetentionPolicyTagsResponse", "<m:RetentionPolicyTags/>")
