"""An endpoint on this machine that answers as a test wants."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Endpoint(ThreadingHTTPServer):
    """Keeps what it gets in ``requests``: ``(path, headers, body)``, and counts connections.

    ``answer`` is an HTTP status, a list of them (the last one again and again), or a function
    that writes an answer by the handler.
    """

    daemon_threads = True

    def __init__(self, answer=200, port=0):
        self.answer = answer
        self.requests = []
        self.connections = 0
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"

    @property
    def messages(self):
        """The messages that came, decoded."""
        return [json.loads(body) for _path, _headers, body in self.requests]

    def process_request(self, request, client_address):
        self.connections += 1
        return super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        """A client that hangs up is what some tests want."""

    @contextmanager
    def running(self):
        thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and body in one packet
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((self.path, dict(self.headers), body))
        answer = self.server.answer
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if callable(answer):
            answer(self)
        else:
            self.reply(answer, b"thanks")

    def reply(self, status, text=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        """Say nothing."""


def redirect(location):
    return lambda handler: handler.reply(302, Location=location)


def big(handler):
    """20 MiB of answer."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(20 * 2**20))
    handler.end_headers()
    for _part in range(20):
        handler.wfile.write(b"x" * 2**20)


def endless(handler):
    """An answer that goes on for ever, a byte at a time."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def endless_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-More: yes\r\n")
        handler.wfile.flush()


def trickle(handler):
    """Headers that come a byte at a time: each read is quick, all of them together never end."""
    handler.close_connection = True
    while True:
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


def silence(handler):
    time.sleep(30)


def hang_up(handler):
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def gibberish(handler):
    handler.close_connection = True
    handler.wfile.write(b"\x00\x01what?\r\n\r\n")
