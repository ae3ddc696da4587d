"""Calls of model methods as a logged-in user, as the web client makes them."""

import requests


class RpcError(Exception):
    """The server refused: `kind` is the exception's dotted name, the text is for the user."""

    def __init__(self, error):
        data = error.get("data", {})
        self.kind = data.get("name", "")
        super().__init__(data.get("message") or error.get("message"))


class Rpc:
    """A session of one user.

    :param server: the `OdooServer`
    """

    def __init__(self, server, login, password):
        self.server = server
        self.http = requests.Session()
        values = {"db": server.database, "login": login, "password": password}
        self.uid = self.post("/web/session/authenticate", values)["uid"]

    def post(self, path, params):
        """Call a JSON-RPC route and return its result.

        :raise RpcError: when the server answers with an error
        """
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        response = self.http.post(f"{self.server.url}{path}", json=body, timeout=600)
        response.raise_for_status()
        answer = response.json()
        if "error" in answer:
            raise RpcError(answer["error"])
        return answer.get("result")

    def call(self, model, method, *args, context=None, **kwargs):
        """Call a method: `call("sale.order", "action_confirm", [order_id])`."""
        if context:
            kwargs["context"] = context
        params = {"model": model, "method": method, "args": list(args), "kwargs": kwargs}
        return self.post(f"/web/dataset/call_kw/{model}/{method}", params)

    def create(self, model, **values):
        return self.call(model, "create", values)

    def write(self, model, ids, **values):
        return self.call(model, "write", [ids] if isinstance(ids, int) else ids, values)

    def read(self, model, ids, *fields):
        """Return the values of the fields: a dict for one id, a list of them for several."""
        rows = self.call(model, "read", [ids] if isinstance(ids, int) else ids, list(fields))
        return rows[0] if isinstance(ids, int) else rows

    def search(self, model, domain, **options):
        return self.call(model, "search", domain, **options)

    def ref(self, xml_id):
        """Return the id of the record with this XML id (needs an administrator)."""
        module, name = xml_id.split(".")
        domain = [("module", "=", module), ("name", "=", name)]
        rows = self.call("ir.model.data", "search_read", domain, ["res_id"])
        if not rows:
            raise LookupError(f"no record {xml_id}")
        return rows[0]["res_id"]
