"""What strangers write stays text: subjects, names, file names, bodies."""

import re

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse

from serversync.crm.models import ActivityParty, MessageTrace, TraceLog
from serversync.web.pages.mail.body import clean
from serversync.web.pages.mail.files import picture_token
from tests.web.company import Company, attach, logged_in, mailbox_of, track

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


def test_scripts_in_subjects_names_and_file_names_are_shown_as_text(company: Company) -> None:
    box = mailbox_of(company.ada)
    email = track(box, SCRIPT)
    attach(email, b"x", SCRIPT)
    ActivityParty.objects.create(activityid=email, addressused=SCRIPT, unresolvedpartyname=SCRIPT)
    MessageTrace.objects.filter(activityid=email).update(senderaddress=SCRIPT)
    TraceLog.objects.update(text=SCRIPT, errordetails=SCRIPT)
    client = logged_in(company.dora)
    pages = ["/mail/", f"/mail/{email.pk}/", f"/mailboxes/{box.pk}/", "/alerts/"]
    for address in [*pages, f"/mail/?q={SCRIPT}", f"/mailboxes/?q={SCRIPT}", f"/mailboxes/?sort={SCRIPT}"]:
        page = client.get(address).content.decode()
        assert "<script>alert" not in page, address
        assert "<img src=x" not in page, address
    assert "&lt;script&gt;alert(1)" in client.get("/mail/").content.decode()


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
        "<form action='https://evil.example'><input name=password></form>",
        "<base href='https://evil.example'>",
        "<link rel=stylesheet href='https://evil.example/a.css'>",
        "<p style='background:url(https://evil.example/a)'>x</p>",
        "<p style='position:fixed;top:0'>x</p>",
        "<style>body{background:url(https://evil.example/a)}</style>",
        "<img src='https://evil.example/seen.png'>",
        "<img src='//evil.example/seen.png'>",
        "<object data=a.swf></object>",
    ],
)
def test_a_body_loses_whatever_could_act_or_report(html: str) -> None:
    shown = clean(html, {}).lower()
    tags = " ".join(re.findall(r"<[^>]*>", shown))
    for forbidden in (
        "script",
        " on",
        "javascript:",
        "data:text",
        "evil.example",
        "position",
        "<iframe",
        "<svg",
    ):
        assert forbidden not in tags
    for gone in ("<form", "<input", "<meta", "<base", "<link", "<style", "<object"):
        assert gone not in tags


def test_a_body_keeps_its_form_and_its_own_pictures() -> None:
    html = (
        '<table bgcolor="#eee"><tr><td colspan="2" style="color: red"><b>Bold</b></td></tr></table>'
        '<img src="cid:Cover@picture" alt="cover"><a href="https://example.org/">link</a>'
    )
    shown = clean(html, {"cover@picture": "https://here/picture/1"})
    assert '<img src="https://here/picture/1" alt="cover">' in shown
    assert 'style="color:red"' in shown.replace(": ", ":")
    assert 'colspan="2"' in shown
    assert 'target="_blank"' in shown
    assert 'rel="noopener noreferrer"' in shown


def test_the_body_is_sent_without_any_rights(company: Company) -> None:
    answer = logged_in(company.ada).get(reverse("email-body", args=[company.of_ada.pk]))
    policy = answer["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_a_very_long_body_is_cut_and_says_so(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serversync.web.pages.mail.body.LONGEST_SHOWN", 1000)
    email = track(mailbox_of(company.ada), "Long", html="<p>" + "word " * 1000 + "</p>the end")
    page = logged_in(company.ada).get(reverse("email-body", args=[email.pk])).content.decode()
    assert "this is its beginning" in page
    assert "the end" not in page


@pytest.mark.django_db(transaction=True)
class TestPictures:
    """Pictures of a body are loaded by a frame without cookies, with a permission in their address."""

    def test_a_picture_in_the_body_is_loaded_without_a_log_in(self, company: Company, client: Client) -> None:
        email = track(mailbox_of(company.ada), "Cover", html='<img src="cid:cover@picture">')
        attach(email, b"\x89PNG", "cover.png", mimetype="image/png", content_id="<cover@picture>")
        page = logged_in(company.ada).get(reverse("email-body", args=[email.pk])).content.decode()
        found = re.search(r'src="http://testserver([^"]+)"', page)
        assert found is not None
        answer = client.get(found[1])
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")

    def test_what_could_carry_a_script_is_no_picture(self, company: Company, client: Client) -> None:
        for kind in ("image/svg+xml", "text/html"):
            file = attach(company.of_ada, b"<svg/>", "a", mimetype=kind, content_id="a")
            token = picture_token(company.ada, file.pk)
            assert client.get(reverse("picture", args=[token])).status_code == 404

    def test_a_permission_that_was_made_up_opens_nothing(self, company: Company, client: Client) -> None:
        file = attach(company.of_ada, b"x", "a.png", mimetype="image/png", content_id="a")
        forged = signing.dumps(["x", str(file.pk)], key="another key", salt="serversync.web.picture")
        assert client.get(reverse("picture", args=[forged])).status_code == 404
