"""Which addresses a webhook may reach: those of the public internet, and nothing behind our door.

Who sets up a webhook tells this server where to send requests, and names in the DNS change. So an
address that stands in the URL is judged when it is saved, and whatever a name means is judged at
the moment of connecting, see ``pinned_connection.py``.
"""

import contextlib
import ipaddress
import socket
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

SCHEMES = {"http": 80, "https": 443}
# Not what `ipaddress` calls private: that list differs from one version of Python to the next.
REFUSED_V4 = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# Of IPv6 only what is handed out for use on the internet; what carries an IPv4 address inside
# (mapped, NAT64, 6to4, Teredo) could lead anywhere.
PUBLIC_V6 = ipaddress.ip_network("2000::/3")
REFUSED_V6 = [
    ipaddress.ip_network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]


class RefusedAddress(Exception):
    """An address that no request goes to."""


class UnknownHost(Exception):
    """A name that nobody knows."""


class BadUrl(Exception):
    """What is no address of a webhook; the argument is one of the codes below."""

    SCHEME, HOST, USER, CHARACTERS, PRIVATE = "scheme", "host", "user", "characters", "private"


@dataclass(frozen=True)
class Target:
    """Where a request goes, as the URL says."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def is_encrypted(self):
        """Whether nobody on the way can read along."""
        return self.scheme == "https"


def parse_url(url):
    """Return the target that a URL names.

    :param str url: as somebody typed it
    :rtype: Target
    :raise BadUrl: when it is none, or tries to look like another one
    """
    if not isinstance(url, str) or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise BadUrl(BadUrl.CHARACTERS)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl(BadUrl.HOST) from error
    if parts.scheme not in SCHEMES:
        raise BadUrl(BadUrl.SCHEME)
    if "@" in parts.netloc:
        raise BadUrl(BadUrl.USER)
    if port == 0:
        raise BadUrl(BadUrl.HOST)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii():
        raise BadUrl(BadUrl.CHARACTERS)
    host = _clean_host(parts.hostname)
    return Target(parts.scheme, host, port or SCHEMES[parts.scheme], path)


def _clean_host(host):
    """Return a host as it goes over the wire: full-width digits and dots are plain ones there."""
    try:
        host = unicodedata.normalize("NFKC", host or "")
        host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise BadUrl(BadUrl.HOST) from error
    if not host.strip(".") or "%" in host or len(host) > 253:
        raise BadUrl(BadUrl.HOST)
    return host.lower()


def literal_address(host):
    """Return the address that a host spells out, in any form that a resolver takes, or None.

    ``2130706433``, ``0x7f.1`` and ``0177.0.0.1`` are 127.0.0.1.

    :param str host: from a ``Target``
    """
    host = host.rstrip(".")
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host)
    with contextlib.suppress(OSError, ValueError):
        return ipaddress.ip_address(socket.inet_aton(host))
    return None


def is_public(address):
    """Whether an address is one of the public internet.

    :param address: an ``ipaddress`` object or its text
    """
    address = ipaddress.ip_address(address)
    if address.version == 4:
        return not any(address in network for network in REFUSED_V4)
    return address in PUBLIC_V6 and not any(address in network for network in REFUSED_V6)


def check_literal(target):
    """Check the host of a URL that is about to be saved, without asking the DNS.

    :param Target target: of the URL
    :raise BadUrl: for an address of a private network, or a name of this machine
    """
    address = literal_address(target.host)
    name = target.host.rstrip(".")
    if address is not None and not is_public(address):
        raise BadUrl(BadUrl.PRIVATE)
    if name == "localhost" or name.endswith(".localhost"):
        raise BadUrl(BadUrl.PRIVATE)


def resolve(target, allow_private):
    """Return the addresses of a target, each of which may be connected to.

    The caller connects to these very addresses: a name that is asked twice can answer twice.

    :param Target target: where to
    :param bool allow_private: whether private networks may be reached
    :return: ``[(family, socket address)]``
    :raise RefusedAddress: when one of them is not public, whichever it is
    :raise UnknownHost: when there is none
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnknownHost(target.host) from error
    addresses = [(family, address) for family, _type, _proto, _name, address in found]
    if not allow_private:
        for _family, address in addresses:
            if not is_public(address[0].partition("%")[0]):
                raise RefusedAddress(target.host)
    return addresses
