"""A connection to an address that was judged, with an end to everything: time, bytes, redirects.

The standard library's HTTP, and nothing around it: no proxies of the environment, no redirects,
no credentials, no cookies.
"""

import http.client
import io
import select
import socket
import ssl
import time

from .address_guard import resolve

CONNECT_SECONDS = 5
TOTAL_SECONDS = 15
# What comes after the headers is for a person who looks for a fault, and may be left out.
BODY_SECONDS = 2
BODY_BYTES = 2048
ANSWER_BYTES = 65536


class TooMuch(Exception):
    """An answer that has no end."""


class _BoundedReader(io.RawIOBase):
    """Reads from a socket until the deadline, and no more than a number of bytes."""

    def __init__(self, bounded):
        self._bounded = bounded

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._bounded.recv_into(buffer)

    def close(self):
        was_open = not self.closed
        res = super().close()
        if was_open:
            self._bounded.forget_reader()
        return res


class _BoundedSocket:
    """What ``http.client`` needs of a socket, with a deadline for all reads and writes together.

    A time limit for each read alone is none: an answer of one byte a second never ends.
    """

    def __init__(self, sock):
        self._sock = sock
        self._readers = 0
        self._is_closing = False
        self.deadline = 0.0
        self.bytes_left = 0

    def begin(self, deadline):
        """Begin a new exchange, which ends at this moment at the latest."""
        self.deadline = deadline
        self.bytes_left = ANSWER_BYTES

    def _wait(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)

    def sendall(self, data):
        self._wait()
        self._sock.sendall(data)

    def recv_into(self, buffer):
        if self.bytes_left <= 0:
            raise TooMuch
        self._wait()
        count = self._sock.recv_into(memoryview(buffer)[: self.bytes_left])
        self.bytes_left -= count
        return count

    def makefile(self, _mode):
        self._readers += 1
        return io.BufferedReader(_BoundedReader(self), 4096)

    def forget_reader(self):
        self._readers -= 1
        if self._is_closing:
            self.close()

    def is_quiet(self):
        """Whether the other side has neither hung up nor said what it was not asked."""
        # What TLS has decrypted already is not seen by `select`.
        if getattr(self._sock, "pending", int)():
            return False
        return not select.select([self._sock], [], [], 0)[0]

    def close(self):
        """Close it once nobody reads any more: ``http.client`` closes before it has read."""
        self._is_closing = True
        if not self._readers:
            self._sock.close()


class PinnedConnection(http.client.HTTPConnection):
    """An HTTP connection to one of the addresses that were judged; the name stays for Host and TLS.

    :param Target target: where to
    :param bool allow_private: whether private networks may be reached
    """

    def __init__(self, target, allow_private):
        default = http.client.HTTPS_PORT if target.is_encrypted else http.client.HTTP_PORT
        super().__init__(target.host, target.port)
        # What `Host` leaves out.
        self.default_port = default
        self.target = target
        self.allow_private = allow_private
        self.deadline = 0.0

    def connect(self):
        """Override of `http.client` to connect to an address that was judged a moment ago."""
        addresses = resolve(self.target, self.allow_private)
        sock = self._connect_to_any(addresses)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.target.is_encrypted:
                sock.settimeout(self._get_time_left())
                context = ssl.create_default_context()
                sock = context.wrap_socket(sock, server_hostname=self.target.host)
        except BaseException:
            sock.close()
            raise
        self.sock = _BoundedSocket(sock)

    def _connect_to_any(self, addresses):
        failure = None
        for family, address in addresses:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(min(CONNECT_SECONDS, self._get_time_left()))
                sock.connect(address)
                return sock
            except OSError as error:
                sock.close()
                failure = error
        raise failure

    def _get_time_left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def post(self, body, headers):
        """Send a request and return what was answered; the connection may be used again.

        :param bytes body: exactly what is sent
        :param dict headers: besides Host and Content-Length
        :return: ``(status, reason, text)``, the text cut
        :raise OSError, http.client.HTTPException, TooMuch: when there is no answer
        """
        self.deadline = time.monotonic() + TOTAL_SECONDS
        if self.sock is not None and not self.sock.is_quiet():
            self.close()
        if self.sock is None:
            self.connect()
        exchange = self.sock
        exchange.begin(self.deadline)
        self.request("POST", self.target.path, body=body, headers=headers)
        response = self.getresponse()
        try:
            # From here on nothing changes the status any more.
            exchange.deadline = min(self.deadline, time.monotonic() + BODY_SECONDS)
            text = self._read_body(response)
        finally:
            if not response.isclosed():
                self.close()
            response.close()
        return response.status, response.reason, text

    def _read_body(self, response):
        """Return the beginning of the body, for people who look for a fault."""
        try:
            body = response.read(BODY_BYTES)
            if len(body) < BODY_BYTES and not response.isclosed():
                response.read(1)  # the end of a body whose length is not told
        except (OSError, http.client.HTTPException, TooMuch):
            return ""
        return body.decode("utf-8", "replace")
