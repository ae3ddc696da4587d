from odoo import http
from odoo.http import request
from odoo.tests import HttpCase, new_test_user


class ResilienceCommon(HttpCase):
    """A page of the tests: it reads by GET, maybe from a replica, and writes by POST."""

    PAGE = "/http_resilience/test"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "test_http_resilience", groups="base.group_user")
        # Here, not in the module: no other test sees the page.
        routes = http.Controller.children_classes["http_resilience"]
        before = list(routes)

        class _Page(http.Controller):
            __module__ = "odoo.addons.http_resilience.tests.common"

            def _is_readonly(self, rule, args):
                return request.env["ir.http"]._may_read_replica()

            @http.route(cls.PAGE, type="http", auth="user", readonly=_is_readonly, csrf=False)
            def page(self, **kwargs):
                if request.httprequest.method == "POST":
                    request.env.user.partner_id.sudo().ref = "written"
                    return "written"
                request.is_frontend = True
                if "sortby" in kwargs:
                    kwargs["sortby"] = {"date": "id"}[kwargs["sortby"]]
                if "number" in kwargs:
                    request.env.cr.execute("SELECT %s::int", [kwargs["number"]])
                if kwargs.get("access_token"):
                    return kwargs["access_token"]
                return "replica" if request.env.cr.readonly else "primary"

            # In the frame of a website, where there is one: its errors are pages, too.
            @http.route(f"{cls.PAGE}/<int:number>", type="http", auth="user", website=True)
            def page_of_number(self, number):
                request.is_frontend = True
                request.env.cr.execute("SELECT %s::int", [number])
                return str(number)

        def forget():
            routes[:] = before
            cls.env.registry.clear_cache("routing")

        cls.addClassCleanup(forget)
        cls.env.registry.clear_cache("routing")

    def _login(self, **session):
        self.authenticate(self.user.login, self.user.login, session_extra=session)
