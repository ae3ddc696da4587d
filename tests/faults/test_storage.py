"""No room for attachments, and no program that makes PDFs."""

import base64
import os
import re
import struct
import zlib

import pytest
from common import PYTHON
from kit.buyer import Buyer
from kit.faults import SmallDisk


def make_picture(size=100):
    """Return a signature (PNG, base64) that takes room: a square of noise."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    pixels = b"".join(b"\x00" + os.urandom(3 * size) for _row in range(size))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    content = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + content).decode()


@pytest.fixture(scope="module")
def small_disk(server, tmp_path_factory):
    """The server runs with a file store that can be full."""
    disk = SmallDisk(tmp_path_factory.mktemp("data"), server)
    with disk, server.instead(data_dir=disk.folder):
        yield disk


@pytest.fixture(scope="module")
def no_pdf(server):
    """The server runs where no wkhtmltopdf is to be found."""
    with server.instead(environment={"PATH": str(PYTHON.parent)}):
        yield


@pytest.fixture(scope="module")
def signer(server, admin):
    return Buyer(server, admin, "signer")


# === FULL DISK === #


def test_signing_on_a_full_disk(server, small_disk, signer):
    agreement, picture = signer.make_agreement(), make_picture()
    with small_disk.full():
        answer = signer.sign(agreement, picture)
        assert "try again" in answer["result"]["error"]
        state = signer.admin.read("b2b.agreement", agreement, "state", "signed_by", "signature")
        assert (state["state"], state["signed_by"], state["signature"]) == ("sent", False, False)
        assert signer.get(f"/my/agreements/{agreement}").ok
    # The very same signature, once there is room.
    answer = signer.sign(agreement, picture)
    assert "redirect_url" in answer["result"], answer
    signed = signer.admin.read("b2b.agreement", agreement, "state", "signature")
    assert signed["state"] == "signed"
    assert len(base64.b64decode(signed["signature"])) > small_disk.LIMIT
    pdf = signer.get(f"/my/agreements/{agreement}/pdf").content
    assert pdf.startswith(b"%PDF")
    signer.admin.call("b2b.agreement", "action_terminate", [agreement])


def test_order_of_the_shop_on_a_full_disk(server, small_disk, signer, caught):
    agreement = signer.make_agreement()
    assert "redirect_url" in signer.sign(agreement, make_picture())["result"]
    cart = signer.fill_cart()
    with small_disk.full():
        page = signer.order(cart)
        assert f"/my/orders/{cart}" in page.url
        number = signer.admin.read("sale.order", cart, "name")["name"]
        # The mail comes without its PDF rather than not at all.
        mail = caught.wait_for(subject=number, timeout=60)
        assert not caught.attachments(mail)
    assert len(caught.all(subject=number)) == 1
    signer.admin.call("b2b.agreement", "action_terminate", [agreement])


# === NO WKHTMLTOPDF === #


def test_signing_without_pdf(no_pdf, signer):
    agreement = signer.make_agreement()
    answer = signer.sign(agreement, make_picture())
    assert "redirect_url" in answer["result"], answer
    assert signer.admin.read("b2b.agreement", agreement, "state")["state"] == "signed"
    page = signer.get(f"/my/agreements/{agreement}/pdf")
    assert page.ok
    assert "text/html" in page.headers["Content-Type"]
    assert "PDF" in re.search(r'role="alert"[^>]*>(.*?)</div>', page.text, re.DOTALL)[1]
    # The seller knows too.
    domain = [("model", "=", "b2b.agreement"), ("res_id", "=", agreement)]
    messages = signer.admin.call("mail.message", "search_read", domain, ["body"])
    assert any("PDF" in message["body"] for message in messages)


def test_order_of_the_shop_without_pdf(no_pdf, signer, caught):
    cart = signer.fill_cart()
    page = signer.order(cart)
    assert f"/my/orders/{cart}" in page.url
    number = signer.admin.read("sale.order", cart, "name")["name"]
    mail = caught.wait_for(subject=number, timeout=60)
    assert not caught.attachments(mail)
    page = signer.get(f"/my/orders/{cart}?report_type=pdf&download=true")
    assert page.ok
    assert "text/html" in page.headers["Content-Type"]
    assert "PDF" in re.search(r'role="alert"[^>]*>(.*?)</div>', page.text, re.DOTALL)[1]


def test_confirmation_mail_without_pdf(no_pdf, orders, admin, caught):
    """Odoo's own order mail, as a paid web order sends it."""
    [(order, address)] = orders.make(1, confirm=False).items()
    admin.call("sale.order", "action_confirm", [order], context={"send_email": True})
    assert admin.read("sale.order", order, "state")["state"] == "sale"
    mail = caught.wait_for(to=address, timeout=60)
    assert not caught.attachments(mail)
    assert caught.link(mail, "Order status")
