"""A browser's requests, timed without the time that a client takes for itself.

`requests` takes more for one answer than Odoo for a short one (a 304 is answered in about 2 ms), so
that every ratio of two pages would come out nearer to 1 than what the servers differ. What is sent
is put together before the clock runs, and what came is understood after it.
"""

import http.client
import io
import re
import socket
import time
from types import SimpleNamespace
from urllib.parse import urlsplit

import requests


def is_whole(received):
    """Whether the bytes of an answer are all there; without its length only the end tells."""
    head, blank, body = received.partition(b"\r\n\r\n")
    if not blank:
        return False
    length = re.search(rb"\r\nContent-Length: (\d+)", head, re.IGNORECASE)
    return b" 304 " in head[:20] or (length and len(body) >= int(length[1]))


class Received:
    """Bytes in the place of a connection, for `http.client` to read an answer from."""

    def __init__(self, data):
        self.data = data

    def makefile(self, *_args):
        return io.BytesIO(self.data)


class Visitor:
    """A session with one web server: `visitor(path)` gets a page.

    `answer` is the last answer: `status_code`, `headers`, `text`.

    :param str url: the server's address
    :param str login: who logs in, with the login as password; nobody without
    """

    def __init__(self, url, login=None):
        self.url = url
        self.session = requests.Session()
        self.answer = None
        if login:
            form = self.session.get(f"{url}/web/login", timeout=120).text
            token = form.split('name="csrf_token" value="')[1].split('"')[0]
            values = {"login": login, "password": login, "csrf_token": token}
            self.session.post(f"{url}/web/login", data=values, timeout=120).raise_for_status()

    def __call__(self, path, **headers):
        """Get a page, on a connection of its own.

        :param headers: sent beside the usual ones
        :return float: seconds from connecting to the last byte; a server that closes the
            connection later keeps nobody waiting
        :raise RuntimeError: unless the answer is a page, or that it has not changed
        """
        address, message = urlsplit(self.url), self.get_message(path, headers)
        started = time.perf_counter()
        with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
            connection.sendall(message)
            received = bytearray()
            while not is_whole(received) and (part := connection.recv(1 << 20)):
                received += part
            seconds = time.perf_counter() - started
        self.read(path, bytes(received))
        return seconds

    def get_message(self, path, headers):
        """Return the bytes of a request, with the cookies of the session."""
        request = requests.Request("GET", f"{self.url}{path}", headers=headers)
        prepared = self.session.prepare_request(request)
        prepared.headers.update({"Host": urlsplit(self.url).netloc, "Connection": "close"})
        lines = [f"GET {prepared.path_url} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in prepared.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def read(self, path, received):
        """Keep an answer and its cookies."""
        response = http.client.HTTPResponse(Received(received))
        response.begin()
        text = response.read().decode()
        self.answer = SimpleNamespace(
            status_code=response.status, headers=response.headers, text=text
        )
        if response.status not in (200, 304):
            raise RuntimeError(f"{path} is answered with {response.status}: {text[:500]}")
        for line in response.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.session.cookies.set(name, value)
