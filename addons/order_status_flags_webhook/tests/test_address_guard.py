import socket
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..address_guard import (
    BadUrl,
    RefusedAddress,
    UnknownHost,
    check_literal,
    is_public,
    parse_url,
    resolve,
)
from ..models.order_status_webhook.webhook import ALLOW_PRIVATE
from .common import WebhookCommon

PRIVATE_HOSTS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"),
    *("0.0.0.0", "0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[ff02::1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:8.8.8.8]", "[64:ff9b::7f00:1]", "[64:ff9b::808:808]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::]", "[2002:808:808::]", "[2001:0:7f00:1::]", "[::127.0.0.1]", "[2001:db8::1]"),
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
    ),
]
PUBLIC_HOSTS = [
    "hooks.example.com",
    "8.8.8.8",
    "[2606:4700::1111]",
    "żółw.example.com",
    "172.32.0.1",
]
BAD_URLS = [
    *("", "example.com", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/"),
    *(
        "javascript:alert(1)",
        "//example.com/x",
        "https://",
        "https:///x",
        "https://.",
        "https://..../",
    ),
    *("https://user@example.com/", "https://user:word@example.com/", "https://@example.com/"),
    *(
        "https://example.com@127.0.0.1/",
        "https://127.0.0.1\\@example.com/",
        "https://exa mple.com/",
    ),
    *("https://example.com/\r\nHost: inside", "https://example.com/a b", "https://example.com:0/"),
    *(
        "https://example.com:99999/",
        "https://example.com:x/",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
    ),
    "https://example.com/\x00",
]


@tagged("post_install", "-at_install")
class TestAddressGuard(WebhookCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].set_param(ALLOW_PRIVATE, False)

    def test_literal_private_addresses_are_refused_when_saved(self):
        for host in PRIVATE_HOSTS:
            for scheme in ("http", "https"):
                with self.subTest(host=host), self.assertRaises(ValidationError):
                    self._create_webhook(f"{scheme}://{host}:8080/hook")

    def test_public_addresses_are_taken(self):
        for host in PUBLIC_HOSTS:
            with self.subTest(host=host):
                self.assertTrue(self._create_webhook(f"https://{host}/hook?a=b&c=d"))

    def test_urls_that_are_none_are_refused(self):
        for url in BAD_URLS:
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self._create_webhook(url or " ")
            with self.subTest(url=url), self.assertRaises(BadUrl):
                parse_url(url)

    def test_write_is_checked_as_create_is(self):
        webhook = self._create_webhook()
        with self.assertRaisesRegex(ValidationError, "private network"):
            webhook.url = "https://10.0.0.1/"

    def test_parameter_opens_private_networks(self):
        for value, is_open in (("True", True), ("1", True), ("yes", True), ("False", False)):
            self.env["ir.config_parameter"].set_param(ALLOW_PRIVATE, value)
            with self.subTest(value=value):
                if is_open:
                    self.assertTrue(self._create_webhook("http://10.0.0.1/"))
                else:
                    with self.assertRaises(ValidationError):
                        self._create_webhook("http://10.0.0.1/")

    def test_resolved_addresses_are_judged(self):
        target = parse_url("https://hooks.example.com/")
        for address in ("127.0.0.1", "10.0.0.1", "::1", "fe80::1%eth0", "::ffff:10.0.0.1"):
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", 443))
            inside = (family, socket.SOCK_STREAM, 6, "", (address, 443))
            for answers in ([inside], [public, inside], [inside, public]):
                with (
                    self.subTest(answers=answers),
                    patch("socket.getaddrinfo", return_value=answers),
                ):
                    with self.assertRaises(RefusedAddress):
                        resolve(target, allow_private=False)
                    self.assertEqual(len(resolve(target, allow_private=True)), len(answers))
        with patch("socket.getaddrinfo", return_value=[public]):
            self.assertEqual(
                resolve(target, allow_private=False), [(socket.AF_INET, ("8.8.8.8", 443))]
            )
        with (
            patch("socket.getaddrinfo", side_effect=socket.gaierror),
            self.assertRaises(UnknownHost),
        ):
            resolve(target, allow_private=False)

    def test_edges_of_networks(self):
        for address in ("9.255.255.255", "11.0.0.0", "172.15.255.255", "100.63.255.255", "2a00::1"):
            self.assertTrue(is_public(address), address)
        for address in (
            "10.0.0.0",
            "10.255.255.255",
            "172.31.255.255",
            "100.127.255.255",
            "4000::",
        ):
            self.assertFalse(is_public(address), address)
        check_literal(parse_url("https://localhost.example.com/"))


@tagged("post_install", "-at_install")
class TestAddressAtTheMomentOfConnecting(WebhookCommon):
    def _name(self, *answers):
        """Have a name mean another address each time it is asked."""
        port = self.endpoint.server_port
        found = [
            [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))] for address in answers
        ]
        return patch("socket.getaddrinfo", side_effect=found + found[-1:] * 10)

    def setUp(self):
        super().setUp()
        self.endpoint = self._start()
        self.webhook = self._create_webhook(
            f"http://hooks.example.com:{self.endpoint.server_port}/"
        )
        self.env["ir.config_parameter"].set_param(ALLOW_PRIVATE, False)

    def test_name_of_this_machine_is_not_reached(self):
        self._create_order()
        with self._name("127.0.0.1"):
            self._deliver()
        self.assertEqual(self.endpoint.connections, 0)
        delivery = self._deliveries(self.webhook)
        self.assertEqual((delivery.state, delivery.attempts), ("pending", 1))
        self.assertIn("private network", delivery.answer)

    def test_name_is_asked_once_and_that_very_address_is_connected_to(self):
        """A name that changes after it was judged leads nowhere else."""
        self._create_order()
        connected = []

        def connect(sock, address):
            connected.append(address)
            raise ConnectionRefusedError

        with self._name("8.8.8.8", "127.0.0.1"), patch("socket.socket.connect", connect):
            self._deliver()
        self.assertEqual(connected, [("8.8.8.8", self.endpoint.server_port)])

    def test_proxies_of_the_environment_are_not_asked(self):
        self.env["ir.config_parameter"].set_param(ALLOW_PRIVATE, "1")
        self._create_order()
        proxy = self._start()
        values = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy"), proxy.url)
        with self._name("127.0.0.1"), patch.dict("os.environ", values):
            self._deliver()
        self.assertEqual((proxy.connections, len(self.endpoint.requests)), (0, 1))
        host = self.endpoint.requests[0][1]["Host"]
        self.assertEqual(host, f"hooks.example.com:{self.endpoint.server_port}")

    def test_send_a_test_is_guarded_too(self):
        with self._name("127.0.0.1"):
            notification = self.webhook.action_test()
        self.assertIn("private network", notification["params"]["message"])
        self.assertEqual(self.endpoint.connections, 0)
