"""The form of an e-mail to be written; labels are those that errors of the use cases name."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django import forms

from serversync.administration import addresses, plain_text, senders, uploads
from serversync.administration.composing import IMPORTANCE, MessageEntries
from serversync.crm.models import ActivityMimeAttachment, Email

_RECIPIENTS: Final = ("to", "cc", "bcc")


class _Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """Any number of files."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return what was sent as a list; each one is checked as Django does."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(_FilesField, self).clean(one, initial) for one in given]


class EmailForm(forms.Form):
    """What is entered about an e-mail; the body is plain text."""

    sender = forms.ChoiceField(label="From")
    to = forms.CharField(
        label="To",
        required=False,
        help_text="Addresses with or without names, divided by commas or semicolons.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    cc = forms.CharField(
        label="Cc",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    bcc = forms.CharField(
        label="Bcc",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    subject = forms.CharField(label="Subject", max_length=800, required=False)
    body = forms.CharField(
        label="Body", required=False, strip=False, widget=forms.Textarea(attrs={"rows": 12})
    )
    attachments = _FilesField(
        label=uploads.FIELD,
        required=False,
        widget=_Files(attrs={"multiple": True}),
        help_text=f"Up to {uploads.MOST_FILES} files, {uploads.LARGEST_TOTAL // 2**20} MB together.",
    )
    importance = forms.ChoiceField(
        label="Importance", choices=[(word, word.capitalize()) for word in IMPORTANCE], initial="normal"
    )
    send_later = forms.DateTimeField(
        label="Send later",
        required=False,
        help_text="In your time zone; empty: at once.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, begin: MessageEntries | None = None, **kwargs: Any) -> None:
        """Offer the senders as whom the actor may send; begin with what an answer begins with."""
        initial: dict[str, object] = {name: value for name, value in (begin or {}).items() if value}
        for name in _RECIPIENTS:
            if name in initial:
                initial[name] = "; ".join(_texts(initial[name]))
        kwargs["initial"] = initial
        super().__init__(*args, **kwargs)
        self.senders = senders.choices()
        known = {address.lower(): address for address, _ in self.senders}
        self.initial["sender"] = known.get(str(initial.get("sender", "")).lower(), "")
        self.fields["sender"].choices = [  # type: ignore[attr-defined]
            (address, f"{name} <{address}>") for address, name in self.senders
        ]

    def entries(self) -> MessageEntries:
        """Return what the use cases take.

        Raises:
            InputInvalid: a recipient is no address, or a file may not go along.
        """
        data = self.cleaned_data
        return {
            "sender": data["sender"],
            "to": addresses.split(data["to"], "To"),
            "cc": addresses.split(data["cc"], "Cc"),
            "bcc": addresses.split(data["bcc"], "Bcc"),
            "subject": data["subject"],
            "body": plain_text.as_html(data["body"]),
            "files": uploads.take(data["attachments"]),
            "importance": data["importance"],
            "send_later": data["send_later"],
        }


class DraftForm(EmailForm):
    """The form of a draft that exists; files that it has can be taken away."""

    remove = forms.MultipleChoiceField(
        label="Files to take away", required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("sender", "to", "cc", "bcc", "subject", "body", "remove", "attachments")

    def __init__(self, *args: Any, begin: MessageEntries, email: Email, **kwargs: Any) -> None:
        """Begin with what the draft has; a body that is no plain text stays as it is."""
        super().__init__(*args, begin=begin, **kwargs)
        files = ActivityMimeAttachment.objects.filter(activityid=email).order_by("attachmentnumber")
        offered = [(str(file.pk), file.filename or "file") for file in files]
        self.fields["remove"].choices = offered  # type: ignore[attr-defined]
        if not offered:
            del self.fields["remove"]
        if "body" not in begin:
            self.fields["body"].disabled = True
            self.fields[
                "body"
            ].help_text = "It has formatting that cannot be changed here, and stays as it is."

    def entries(self) -> MessageEntries:
        """Return what the use case takes.

        Raises:
            InputInvalid: a recipient is no address, or a file may not go along.
        """
        entered = super().entries()
        if self.fields["body"].disabled:
            del entered["body"]
        return entered

    def without(self) -> list[UUID]:
        """Return the files that shall not go along any more."""
        return [UUID(key) for key in self.cleaned_data.get("remove", ())]


def _texts(value: object) -> Iterable[str]:
    return map(str, value) if isinstance(value, list) else ()
