"""The mails that the catcher kept."""

import email
import email.policy
import html
import re
import time


class Mails:
    """A view on the catcher's folder: only mails that came after it was made.

    :param Path folder: where the catcher puts its files
    :param bool since_ever: those that came before too
    """

    def __init__(self, folder, since_ever=False):
        self.folder = folder
        self.old = set()
        if not since_ever:
            self.forget()

    def forget(self):
        """Leave everything that is there aside from now on."""
        self.old = set(self.files())

    def files(self):
        return sorted(self.folder.glob("*.eml")) if self.folder.exists() else []

    def all(self, to=None, subject=None, body=None):
        """Return the parsed mails, oldest first; `to`, `subject`, `body` are contained texts."""
        found = []
        for path in self.files():
            if path in self.old:
                continue
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            wanted = [(to, mail["X-RcptTo"]), (subject, mail["Subject"])]
            if body:
                wanted.append((body, self.html(mail)))
            if all(part is None or part in (text or "") for part, text in wanted):
                found.append(mail)
        return found

    def wait_for(self, to=None, subject=None, body=None, timeout=30):
        """Return the first fitting mail as soon as it is there.

        :raise AssertionError: naming what came instead, when none came in `timeout` seconds
        """
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if found := self.all(to, subject, body):
                return found[0]
            time.sleep(0.2)
        others = [f"{mail['X-RcptTo']}: {mail['Subject']}" for mail in self.all()]
        raise AssertionError(f"no mail to {to}, subject {subject}, body {body}; there are {others}")

    def none_for(self, seconds, **wanted):
        """Check that no fitting mail comes within some seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = [mail["Subject"] for mail in self.all(**wanted)]
            assert not found, f"unexpected mail: {found}"
            time.sleep(0.2)

    @staticmethod
    def html(mail):
        """Return the HTML body, the plain one when there is no other."""
        part = mail.get_body(("html", "plain"))
        return part.get_content() if part else ""

    @classmethod
    def links(cls, mail):
        """Return `[(text, address)]` of the links in a mail."""
        pattern = r"""<a\b[^>]*\bhref=["']([^"']+)["'][^>]*>(.*?)</a>"""
        found = re.findall(pattern, cls.html(mail), re.DOTALL | re.IGNORECASE)
        return [
            (re.sub(r"<[^>]+>|\s+", " ", text).strip(), html.unescape(address))
            for address, text in found
        ]

    @classmethod
    def link(cls, mail, text):
        """Return the address of the link with this text."""
        for found, address in cls.links(mail):
            if text in found:
                return address
        raise AssertionError(f"no link {text!r} in {cls.links(mail)}")

    @staticmethod
    def attachments(mail):
        """Return `{file name: content}`."""
        return {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
