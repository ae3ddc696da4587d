#!/usr/bin/env python3
"""An SMTP server that delivers nothing: every mail becomes a file, one line is printed for each.

A recipient whose name ends in `+` and an SMTP code is refused with it, for trying out failures:
`jan+451@example.com` (try again later), `jan+550@example.com` (no such address).
"""

import argparse
import email
import email.policy
import itertools
import re
import signal
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from common import MAILS, check_port, entry, say, show


class Catcher:
    """The handler of aiosmtpd: it keeps and prints what comes in."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.numbers = itertools.count(1)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if code := re.search(r"\+([45]\d\d)@", address):
            return f"{code[1]} refused, as the address asks for"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        recipients = ", ".join(envelope.rcpt_tos)
        readable = re.sub(r"[^\w.@-]", "_", envelope.rcpt_tos[0])[:60]
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{next(self.numbers):04d}-{readable}.eml"
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {recipients}\r\n"
        # A reader that watches the folder sees whole mails only.
        part = self.folder / f".{name}.part"
        part.write_bytes(head.encode() + envelope.original_content)
        part.rename(self.folder / name)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        subject = str(message["subject"] or "").replace("\n", " ")
        say(f"mail to {recipients}: {subject} [{show(self.folder / name)}]")
        return "250 kept"


@entry
def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=1025)
    parser.add_argument("--folder", type=Path, default=MAILS)
    options = parser.parse_args()
    port, handler = options.port, Catcher(options.folder)
    check_port(port, "SMTP_PORT", "the mail catcher")
    controller = Controller(handler, hostname="127.0.0.1", port=port, data_size_limit=50 * 2**20)
    controller.start()
    try:
        signal.pause()
    finally:
        controller.stop()


if __name__ == "__main__":
    main()
