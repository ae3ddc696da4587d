"""What `kit.pages` promises to the journeys: a page is read when it is the next one."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from kit.pages import press

# As the checkout, whose scripts may start while the next page is under way.
FIRST = b"""<div id="wrap">first</div><form action="/second"><button>Go</button></form>
<script>document.querySelector("form").addEventListener("submit", () => {
    setTimeout(() => history.replaceState(history.state, ""), 100);
});</script>"""


class Slow(BaseHTTPRequestHandler):
    def do_GET(self):
        second = self.path.startswith("/second")
        if second:
            time.sleep(1)
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<div id="wrap">second</div>' if second else FIRST)


@pytest.fixture
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_entry_of_the_history_is_no_new_page(browser, site):
    page = browser.open()
    page.goto(f"{site}/first")
    press(page, "Go")
    assert page.url.startswith(f"{site}/second")
