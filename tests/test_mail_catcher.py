"""The mail server of `make run` and of the tests: it delivers nothing, and keeps everything."""

import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage

import pytest
from common import ROOT, free_port


@pytest.fixture
def catcher(tmp_path):
    port = free_port()
    command = [sys.executable, ROOT / "scripts" / "mail_catcher.py", f"--port={port}"]
    process = subprocess.Popen(
        [*command, f"--folder={tmp_path}"], stdout=subprocess.PIPE, text=True
    )
    for _attempt in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield port, tmp_path, process
    process.terminate()
    process.wait(10)


def send(port, to, subject):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, subject
    message.set_content("Dzień dobry")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.send_message(message)


def test_caught_mail_is_a_file_and_a_line(catcher):
    port, folder, process = catcher
    send(port, "anna@example.com", "Zamówienie S00001: zrealizowane")
    line = process.stdout.readline()
    (file,) = folder.glob("*.eml")
    assert "anna@example.com: Zamówienie S00001: zrealizowane" in line
    assert file.name in line
    assert "X-RcptTo: anna@example.com" in file.read_text()


@pytest.mark.parametrize("code", [451, 550])
def test_catcher_refuses_as_the_address_asks(catcher, code):
    port, folder, _process = catcher
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        send(port, f"anna+{code}@example.com", "x")
    assert refusal.value.recipients[f"anna+{code}@example.com"][0] == code
    assert not list(folder.glob("*.eml"))
