"""Posts: notes in a mail or public folder, which nobody sends."""

from serversync.simulator.compose import compose
from serversync.simulator.kinds.forms import BASE64, BOOLEAN, PERSON, TIME
from serversync.simulator.kinds.item import ITEM_PROPERTIES
from serversync.simulator.kinds.message import MESSAGE, settle_message
from serversync.simulator.kinds.property import DEFAULT, Access, ItemKind, Property

_MAIL_ONLY = "ErrorCannotCreatePostItemInNonMailFolder"
_OF_MESSAGE = MESSAGE.by_uri

POST_ITEM = ItemKind(
    "PostItem",
    "IPM.Post",
    (
        *ITEM_PROPERTIES,
        Property("message:ConversationIndex", BASE64, lambda view: view.conversation_index, tag=0x0071),
        _OF_MESSAGE["message:ConversationTopic"],
        Property("message:From", PERSON, _OF_MESSAGE["message:From"].default, DEFAULT, access=Access.CREATE),
        _OF_MESSAGE["message:InternetMessageId"],
        Property("message:IsRead", BOOLEAN, lambda view: view.item.is_read, DEFAULT, access=Access.WRITE),
        Property("postitem:PostedTime", TIME, lambda view: view.item.created or view.item.received, DEFAULT),
        _OF_MESSAGE["message:References"],
        Property("message:Sender", PERSON, _OF_MESSAGE["message:Sender"].default, access=Access.CREATE),
    ),
    classes=("IPM.POST",),
    folder="inbox",
    needs_folder={
        "IPF.Appointment": _MAIL_ONLY,
        "IPF.Contact": _MAIL_ONLY,
        "IPF.Task": _MAIL_ONLY,
    },
    settle=settle_message,
    mime=compose,
)
