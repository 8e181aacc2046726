"""GetInboxRules and UpdateInboxRules: the server rules of a mailbox (2010 SP1 and later)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from lxml import etree

from serversync.simulator.call import Call
from serversync.simulator.identifiers import Identifier, decode, encode
from serversync.simulator.kinds.forms import read_int, read_time
from serversync.simulator.mailbox import Mailbox
from serversync.simulator.response import MESSAGES_NS, TYPES_NS, EwsError, single
from serversync.simulator.rules import Actions, Conditions, InboxRule
from serversync.simulator.shape import is_true
from serversync.simulator.xmltext import attribute, boolean, text, timestamp

M = f"{{{MESSAGES_NS}}}"
T = f"{{{TYPES_NS}}}"
_TEXTS, _PEOPLE, _FLAG, _WORD, _FOLDER = "texts", "people", "flag", "word", "folder"
_TIMES, _SIZES, _ITEM = "times", "sizes", "item"
_CONDITIONS = (
    ("Categories", "categories", _TEXTS),
    ("ContainsBodyStrings", "body", _TEXTS),
    ("ContainsHeaderStrings", "headers", _TEXTS),
    ("ContainsRecipientStrings", "recipients", _TEXTS),
    ("ContainsSenderStrings", "sender", _TEXTS),
    ("ContainsSubjectOrBodyStrings", "subject_or_body", _TEXTS),
    ("ContainsSubjectStrings", "subject", _TEXTS),
    ("FlaggedForAction", "flagged", _WORD),
    ("FromAddresses", "from_addresses", _PEOPLE),
    ("HasAttachments", "has_attachments", _FLAG),
    ("Importance", "importance", _WORD),
    ("IsApprovalRequest", "is_approval_request", _FLAG),
    ("IsAutomaticForward", "is_automatic_forward", _FLAG),
    ("IsAutomaticReply", "is_automatic_reply", _FLAG),
    ("IsEncrypted", "is_encrypted", _FLAG),
    ("IsMeetingRequest", "is_meeting_request", _FLAG),
    ("IsMeetingResponse", "is_meeting_response", _FLAG),
    ("IsNDR", "is_ndr", _FLAG),
    ("IsPermissionControlled", "is_permission_controlled", _FLAG),
    ("IsReadReceipt", "is_read_receipt", _FLAG),
    ("IsSigned", "is_signed", _FLAG),
    ("IsVoicemail", "is_voicemail", _FLAG),
    ("ItemClasses", "item_classes", _TEXTS),
    ("NotSentToMe", "not_sent_to_me", _FLAG),
    ("SentCcMe", "sent_cc_me", _FLAG),
    ("SentOnlyToMe", "sent_only_to_me", _FLAG),
    ("SentToAddresses", "sent_to", _PEOPLE),
    ("SentToMe", "sent_to_me", _FLAG),
    ("SentToOrCcMe", "sent_to_or_cc_me", _FLAG),
    ("Sensitivity", "sensitivity", _WORD),
    ("WithinDateRange", "received", _TIMES),
    ("WithinSizeRange", "size", _SIZES),
)
_ACTIONS = (
    ("AssignCategories", "categories", _TEXTS),
    ("CopyToFolder", "copy_to", _FOLDER),
    ("Delete", "delete", _FLAG),
    ("ForwardAsAttachmentToRecipients", "forward_as_attachment", _PEOPLE),
    ("ForwardToRecipients", "forward", _PEOPLE),
    ("MarkImportance", "importance", _WORD),
    ("MarkAsRead", "mark_as_read", _FLAG),
    ("MoveToFolder", "move_to", _FOLDER),
    ("PermanentDelete", "permanent_delete", _FLAG),
    ("RedirectToRecipients", "redirect", _PEOPLE),
    ("ServerReplyWithMessage", "reply_with", _ITEM),
    ("StopProcessingRules", "stop", _FLAG),
)
"""Element, attribute and form of everything that a rule can ask and do, in the order of the schema."""


class _InvalidRuleError(Exception):
    """A rule cannot be kept so.

    Args:
        field: A value of ``RuleFieldURIType``.
        code: A value of ``RuleValidationErrorCodeType``.
        value: What was given.
    """

    def __init__(self, field: str, code: str, value: str) -> None:
        super().__init__(code)
        self.field, self.code, self.value = field, code, value


def get(call: Call) -> str:
    """Return the rules in their order; nothing where there are none."""
    try:
        call.check()
        mailbox = _mailbox(call)
    except EwsError as error:
        return single("GetInboxRulesResponse", error=error)
    rules = "".join(_rule(mailbox, one) for one in sorted(mailbox.rules, key=lambda one: one.priority))
    listed = f"<m:InboxRules>{rules}</m:InboxRules>" if rules else ""
    return single(
        "GetInboxRulesResponse", f"<m:OutlookRuleBlobExists>false</m:OutlookRuleBlobExists>{listed}"
    )


def update(call: Call) -> str:
    """Carry out all changes, or none where one of them is not valid."""
    try:
        call.check()
        mailbox = _mailbox(call)
        after, problems = list(mailbox.rules), []
        operations = call.request.find(f"{M}Operations")
        for index, operation in enumerate(() if operations is None else operations):
            try:
                after = _changed(mailbox, after, operation, call)
            except _InvalidRuleError as problem:
                problems.append(_problem(index, problem))
        if problems:
            invalid = EwsError("ErrorInboxRulesValidationError", "A validation error occurred in a rule.")
            return single(
                "UpdateInboxRulesResponse",
                f"<m:RuleOperationErrors>{''.join(problems)}</m:RuleOperationErrors>",
                invalid,
            )
        mailbox.rules = after
    except EwsError as error:
        return single("UpdateInboxRulesResponse", error=error)
    return single("UpdateInboxRulesResponse")


def _mailbox(call: Call) -> Mailbox:
    address = (call.request.findtext(f"{M}MailboxSmtpAddress") or "").strip()
    mailbox = call.exchange.find_mailbox(address) if address else call.own_mailbox
    if mailbox is None:
        raise EwsError("ErrorNonExistentMailbox")
    if not call.owns(mailbox):
        raise EwsError("ErrorAccessDenied")
    return mailbox


def _problem(index: int, problem: _InvalidRuleError) -> str:
    return (
        f"<t:RuleOperationError><t:OperationIndex>{index}</t:OperationIndex><t:ValidationErrors><t:Error>"
        f"<t:FieldURI>{problem.field}</t:FieldURI><t:ErrorCode>{problem.code}</t:ErrorCode>"
        f"<t:ErrorMessage>The rule is not valid: {problem.code}.</t:ErrorMessage>"
        f"<t:FieldValue>{text(problem.value)}</t:FieldValue></t:Error></t:ValidationErrors></t:RuleOperationError>"
    )


def _changed(
    mailbox: Mailbox, rules: list[InboxRule], operation: etree._Element, call: Call
) -> list[InboxRule]:
    """Return the rules after one operation."""
    name = etree.QName(operation).localname
    if name == "DeleteRuleOperation":
        rule_id = operation.findtext(f"{T}RuleId") or ""
        _known(rules, rule_id)
        return [one for one in rules if one.rule_id != rule_id]
    element = operation.find(f"{T}Rule")
    if element is None:
        raise EwsError("ErrorInvalidRequest")
    rule = _read(call, element)
    if name == "SetRuleOperation":
        _known(rules, rule.rule_id)
        return [rule if one.rule_id == rule.rule_id else one for one in rules]
    if rule.rule_id:
        raise _InvalidRuleError("RuleId", "CreateWithRuleId", rule.rule_id)
    if any(one.priority == rule.priority for one in rules):
        rules = [replace(one, priority=one.priority + (one.priority >= rule.priority)) for one in rules]
    return [*rules, rule.renumbered(mailbox.new_rule_id())]


def _known(rules: Iterable[InboxRule], rule_id: str) -> None:
    if all(one.rule_id != rule_id for one in rules):
        raise _InvalidRuleError("RuleId", "RuleNotFound", rule_id)


def _read(call: Call, element: etree._Element) -> InboxRule:
    name = (element.findtext(f"{T}DisplayName") or "").strip()
    if not name:
        raise _InvalidRuleError("DisplayName", "EmptyValueFound", name)
    actions = _values(call, element.find(f"{T}Actions"), _ACTIONS, "Action")
    if not actions:
        raise _InvalidRuleError("Actions", "MissingAction", "")
    return InboxRule(
        element.findtext(f"{T}RuleId") or "",
        name,
        read_int(element.findtext(f"{T}Priority", "1")),
        is_true((element.findtext(f"{T}IsEnabled") or "").strip()),
        Conditions(**_values(call, element.find(f"{T}Conditions"), _CONDITIONS, "Condition")),
        Conditions(**_values(call, element.find(f"{T}Exceptions"), _CONDITIONS, "Exception")),
        Actions(**actions),
    )


def _values(
    call: Call, parent: etree._Element | None, table: Iterable[tuple[str, str, str]], part: str
) -> dict[str, Any]:
    """Return what the elements of a rule's part say, by attribute."""
    forms = {element: (attribute_name, form) for element, attribute_name, form in table}
    found: dict[str, Any] = {}
    for child in () if parent is None else parent:
        name = etree.QName(child).localname
        if name not in forms:
            raise _InvalidRuleError(f"{part}:{name}", "UnsupportedRule", name)
        attribute_name, form = forms[name]
        found[attribute_name] = _value(call, child, form, f"{part}:{name}")
    return found


def _value(call: Call, element: etree._Element, form: str, field: str) -> Any:
    """Return what an element of a rule says.

    Raises:
        _InvalidRuleError: it says nothing, or names what is not there.
    """
    if form == _TIMES:
        return _limits(element, "StartDateTime", "EndDateTime", read_time, field)
    if form == _SIZES:
        return _limits(element, "MinimumSize", "MaximumSize", read_int, field)
    if form in {_ITEM, _FOLDER}:
        return _place(call, element, form, field)
    said = (element.text or "").strip()
    if form in {_FLAG, _WORD}:
        return is_true(said) if form == _FLAG else said
    if form == _TEXTS:
        values = tuple(one.text or "" for one in element)
    else:
        values = tuple(one.findtext(f"{T}EmailAddress") or "" for one in element)
    if not all(values) or not values:
        raise _InvalidRuleError(field, "EmptyValueFound", "")
    return values


def _place(call: Call, element: etree._Element, form: str, field: str) -> str:
    """Return the id of the item or folder that a rule names."""
    try:
        if form == _ITEM:
            mailbox, item = call.item_of(element)
            return mailbox.item_id(item)
        mailbox, folder = call.folder(element[0])
    except EwsError:
        if form == _ITEM:
            raise _InvalidRuleError(field, "InvalidValue", element.get("Id", "")) from None
        raise _InvalidRuleError(field, "FolderDoesNotExist", element[0].get("Id", "")) from None
    return encode(Identifier(mailbox.guid, folder.number))


def _limits(
    element: etree._Element, low: str, high: str, read: Callable[[str], Any], field: str
) -> tuple[Any, Any]:
    """Return the lower and the upper limit of a range; one of them may be missing."""
    values = [(element.findtext(f"{T}{name}") or "").strip() for name in (low, high)]
    if not any(values):
        raise _InvalidRuleError(field, "EmptyValueFound", "")
    first, last = (read(value) if value else None for value in values)
    if first is not None and last is not None and first > last:
        raise _InvalidRuleError(
            field, "InvalidDateRange" if low == "StartDateTime" else "InvalidSizeRange", values[0]
        )
    return first, last


def _rule(mailbox: Mailbox, rule: InboxRule) -> str:
    parts = "".join(
        f"<t:{name}>{inner}</t:{name}>"
        for name, inner in (
            ("Conditions", _written(mailbox, rule.conditions, _CONDITIONS)),
            ("Exceptions", _written(mailbox, rule.exceptions, _CONDITIONS)),
            ("Actions", _written(mailbox, rule.actions, _ACTIONS)),
        )
        if inner
    )
    return (
        f"<t:Rule><t:RuleId>{text(rule.rule_id)}</t:RuleId><t:DisplayName>{text(rule.name)}</t:DisplayName>"
        f"<t:Priority>{rule.priority}</t:Priority><t:IsEnabled>{boolean(rule.is_enabled)}</t:IsEnabled>"
        f"<t:IsInError>false</t:IsInError>{parts}</t:Rule>"
    )


def _written(mailbox: Mailbox, part: object, table: Iterable[tuple[str, str, str]]) -> str:
    return "".join(
        f"<t:{element}>{_inner(mailbox, value, form)}</t:{element}>"
        if form != _ITEM
        else f"<t:{element} Id={attribute(value)}/>"
        for element, attribute_name, form in table
        if (value := getattr(part, attribute_name))
    )


def _inner(mailbox: Mailbox, value: Any, form: str) -> str:
    if form == _FLAG:
        return "true"
    if form == _WORD:
        return text(value)
    if form in {_TIMES, _SIZES}:
        names = ("StartDateTime", "EndDateTime") if form == _TIMES else ("MinimumSize", "MaximumSize")
        return "".join(
            f"<t:{name}>{timestamp(limit) if form == _TIMES else limit}</t:{name}>"
            for name, limit in zip(names, value, strict=True)
            if limit is not None
        )
    if form == _FOLDER:
        folder = mailbox.folder_ever(decode(value).folder)
        return f"<t:FolderId Id={attribute(encode(Identifier(mailbox.guid, folder.number)))}/>"
    if form == _TEXTS:
        return "".join(f"<t:String>{text(one)}</t:String>" for one in value)
    return "".join(
        f"<t:Address><t:Name>{text(one)}</t:Name><t:EmailAddress>{text(one)}</t:EmailAddress>"
        "<t:RoutingType>SMTP</t:RoutingType></t:Address>"
        for one in value
    )
