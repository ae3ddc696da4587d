"""Writes an order as EDI++ 1.05 (`.epp`), the exchange format of Subiekt GT, Navireo and nexo.

A file holds one customer order (ZK), and the customer's card when the ERP does not know him. It
holds no cards of goods: a program that reads them overwrites names and prices. Whatever does not
fit is cut; a symbol or number that is cut ends in a hash, so that two never become one.

Not tried against a live Subiekt: the README says what to look at the first time.
"""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal

from letters import cut, cut_key, transliterate
from terms import find_terms
from tools import to_day, to_moment

COUNTRIES = {
    "AT": "Austria", "BE": "Belgia", "BG": "Bułgaria", "HR": "Chorwacja", "CY": "Cypr",
    "CZ": "Czechy", "DK": "Dania", "EE": "Estonia", "FI": "Finlandia", "FR": "Francja",
    "GR": "Grecja", "ES": "Hiszpania", "NL": "Holandia", "IE": "Irlandia", "LT": "Litwa",
    "LU": "Luksemburg", "LV": "Łotwa", "MT": "Malta", "DE": "Niemcy", "PL": "Polska",
    "PT": "Portugalia", "RO": "Rumunia", "SK": "Słowacja", "SI": "Słowenia", "SE": "Szwecja",
    "HU": "Węgry", "IT": "Włochy",
}  # fmt: skip
HOME = "PL"
# What Odoo calls its own unit, as Subiekt's users know it.
UNITS = {"Units": "szt.", "Unit": "szt.", "Jednostki": "szt.", "Sztuki": "szt.", "Enote": "szt."}
CENT, AMOUNT = Decimal("0.01"), Decimal("0.0001")


class Raw(str):
    """A number, a date or a switch: it stands in no quotation marks."""


# === FIELDS === #


def amount(value):
    """Return a number with four decimals."""
    return Raw(Decimal(value).quantize(AMOUNT, ROUND_HALF_UP))


def switch(value):
    return Raw(int(bool(value)))


def day(moment):
    """Return a date; files that are not Subiekt's own may hold no times of day."""
    # Not `%Y`, which writes the year 1 without its zeros.
    return Raw(f"{moment.isoformat()[:10].replace('-', '')}000000")


def make_record(fields):
    """Return a line of a block."""
    return ",".join(map(_make_field, fields))


def _make_field(value):
    if isinstance(value, Raw):
        return str(value)
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if value else ""


# === AN ORDER === #


class Writer:
    """Makes files of orders.

    :param dict options: `sender`, `sender_symbol`, `sender_vat`, `warehouse`, `warehouse_name`,
        `price_level`, `prices` (`auto`, `net` or `gross`), `delivery_symbol`
    :param dict units: `{unit of Odoo: unit of the ERP}`
    :param tzinfo zone: of the dates; None = that of this machine
    :param dict terms: of :func:`terms.read_terms`
    """

    def __init__(self, options, units=None, zone=None, terms=None):
        self.options = options
        self.units = {**UNITS, **(units or {})}
        self.zone = zone
        self.terms = terms or {}

    def write(self, order, now=None):
        """Return the file of an order, and what a person should look at.

        :param dict order: of `orders()`
        :param datetime now: when the file is made
        :rtype: tuple[bytes, list[str]]
        """
        now = now or datetime.datetime.now()
        document = Document(order, self)
        blocks = [
            ("[INFO]", [self._make_info(order, now)]),
            ("[NAGLOWEK]", [document.make_header()]),
            ("[ZAWARTOSC]", document.make_lines()),
        ]
        if document.is_new_customer():
            blocks += [
                ("[NAGLOWEK]", [["KONTRAHENCI"]]),
                ("[ZAWARTOSC]", [document.make_customer()]),
            ]
        text = "".join(
            "\r\n".join([label, *map(make_record, records), "", ""]) for label, records in blocks
        )
        return text.encode("cp1250"), document.warnings

    def _make_info(self, order, now):
        option = self.options.get
        sender = transliterate(option("sender", ""))
        vat = get_vat({"vat": option("sender_vat", ""), "country": HOME})
        return [
            "1.05", Raw(3), Raw(1250), "Odoo", cut_key(option("sender_symbol", ""), 20),
            cut(sender, 40), cut(sender, 80), "", "", "", cut(vat, 13),
            # Subiekt GT takes the first three characters.
            cut(option("warehouse", "MAG"), 20), cut(option("warehouse_name", ""), 40),
            cut(f"{order['name']}, version {order['version']}", 255), "", switch(False), "", "",
            "Odoo", Raw(now.strftime("%Y%m%d%H%M%S")), COUNTRIES[HOME], HOME, cut(vat, 20),
            switch(False),
        ]  # fmt: skip


class Document:
    """The records of one order.

    :param dict order: of `orders()`
    :param Writer writer: with the settings
    :ivar list warnings: what a person should look at
    """

    def __init__(self, order, writer):
        self.order = order
        self.writer = writer
        self.warnings = []
        self.customer = {**order["invoice_address"], **find_identity(order)}
        self.lines = [line for line in order["lines"] if self._is_written(line)]
        self.by_net = choose_net(self.lines, writer.options.get("prices", "auto"))
        sums = [sum((Decimal(line[name]) for line in self.lines), Decimal())
                for name in ("net", "tax", "gross")]  # fmt: skip
        # The program that reads it adds up the lines, and so does this file.
        self.net, self.tax, self.gross = sums
        if self.gross != Decimal(order["totals"]["gross"]):
            self._warn(f"its lines add up to {self.gross}, in Odoo to {order['totals']['gross']}")
        self._check_prices()
        self._check_sale()

    def _warn(self, words):
        self.warnings.append(f"order {self.order['name']}: {words}")

    def _is_written(self, line):
        """Whether a line is one of the ERP's order: what was paid before is none."""
        if not Decimal(line["quantity"]):
            return bool(Decimal(line["gross"]))
        if Decimal(line["quantity"]) < 0 or Decimal(line["gross"]) < 0:
            self._warn(f"“{line['name']}” is below zero, look whether the ERP took it")
        return True

    def _check_prices(self):
        """Say which lines the ERP computes otherwise: it multiplies the price that rules."""
        rule, word = (follows_net, "net") if self.by_net else (follows_gross, "gross")
        for line in self.lines:
            if not rule(line):
                self._warn(
                    f"“{line['name']}”: {line['quantity']} times its {word} price is not exactly"
                    f" {line['net']} + {line['tax']}, look which cents the ERP has"
                )

    def _check_sale(self):
        """Say that a sale may be another one than the file has it: a domestic one.

        InsERT's specification knows more: field 55 (1 export, 2 intra-Community, 22 and 23 OSS)
        and rates below zero (-1 zw, -2 ex, -3 ue, -4 npo, -5 oo). Odoo tells percentages alone,
        and whoever keeps the books knows which it is.
        """
        places = (self.order["invoice_address"], self.order["delivery_address"])
        countries = sorted({place["country"] for place in places} - {HOME, ""})
        if countries:
            self._warn(
                f"{', '.join(countries)}: the file has a domestic sale. Choose export,"
                " intra-Community or OSS in the ERP"
            )
        free = [line["name"] for line in self.lines if not get_rate(line)]
        if free:
            self._warn(
                f"no tax or 0 % on “{free[0]}”: the file has 0 %. Choose exempt (zw), export or"
                " another rate in the ERP"
            )

    def is_new_customer(self):
        """Whether the ERP is told the card: one that it knows would be overwritten."""
        return not self.customer["ref"]

    def make_header(self):
        """Return the 62 fields of a customer order (ZK)."""
        order, customer = self.order, self.customer
        placed = to_day(to_moment(order["placed_at"]), self.writer.zone)
        number = cut_key(order["name"], 30)
        digits = (re.findall(r"\d+", order["name"]) or ["0"])[-1][-9:]
        return [
            "ZK", Raw(1), Raw(0), Raw(int(digits)), "", "", number, "", "", number, "",
            get_symbol(customer), *self._make_address(255), cut(get_vat(customer), 20),
            "", "", "", day(placed), day(placed), "", Raw(len(self.lines)), switch(self.by_net),
            cut(self.writer.options.get("price_level", "Detaliczna"), 20),
            amount(self.net), amount(self.tax), amount(self.gross), amount(0),
            "", amount(0), *self._make_terms(placed), amount(order["payment"]["paid"] or 0),
            amount(self.gross), Raw(0), Raw(0), Raw(1), Raw(5), "Odoo", "", "",
            amount(0), amount(0), cut(order["currency"], 3), self._make_rate(),
            self._make_note(), cut(order["client_order_ref"], 50),
            cut(f"{order['name']} v{order['version']}", 50), "", Raw(0), Raw(0), Raw(0),
            "", amount(0), "", amount(0), *make_country(customer),
        ]  # fmt: skip

    def _make_terms(self, placed):
        """Return form of payment and due date, which readers need in every document."""
        name = self.order["payment"]["terms"]
        terms = find_terms(name, self.writer.terms)
        if terms.days is None:
            self._warn(
                f"in how many days it is to be paid by “{name}” is not known, its due date is that"
                " of the order: write it into [terms] of the settings"
            )
        return cut(terms.form, 30), day(placed + datetime.timedelta(days=terms.days or 0))

    def _make_address(self, length):
        """Return short name, full name, city, post code and street."""
        customer = self.customer
        for word, text, size in find_long(customer):
            self._warn(f"the {word} {text} has more than {size} characters")
        name = get_name(customer)
        if not transliterate(name):
            self._warn(f"the name “{name}” has no letter of cp1250, the symbol stands for it")
            name = get_symbol(customer)
        return [cut(name, 40), cut(name, length), cut(customer["city"], 30),
                cut(customer["zip"], 6), cut(get_street(customer), 50)]  # fmt: skip

    def _make_rate(self):
        rate = Decimal(self.order.get("currency_rate") or 1)
        return amount(1 / rate if rate else 1)

    def _make_note(self):
        """Return the notes: the only place for a date, another address and the reference."""
        order, delivery = self.order, self.order["delivery_address"]
        parts = [f"{order['name']} v{order['version']}"]
        if int(order["version"]) > 1:
            parts.append("ZMIANA")
        if order["requested_date"]:
            moment = to_moment(order["requested_date"])
            date = to_day(moment, self.writer.zone) if moment else order["requested_date"]
            parts.append(f"termin {date}")
        if find_long(self.customer):
            parts.append("adres: " + ", ".join(make_place(self.customer)))
        if delivery["id"] != order["invoice_address"]["id"]:
            place = (get_name(delivery), delivery["name"], *make_place(delivery), delivery["phone"])
            parts.append("dostawa: " + ", ".join(dict.fromkeys(filter(None, place))))
        if order.get("cost_center"):
            # What Polish books call a cost centre.
            parts.append(f"MPK {order['cost_center']}")
        terms = order["payment"]["terms"] and f"płatność: {order['payment']['terms']}"
        parts += filter(None, (order["carrier"], order["payment"]["method"], terms, order["note"]))
        text = transliterate("; ".join(parts))
        if len(text) > 255:
            self._warn("its notes have more than 255 characters, the rest is cut")
        return text[:255].rstrip()

    def make_lines(self):
        """Return the 22 fields of each line."""
        return [self._make_line(number, line) for number, line in enumerate(self.lines, start=1)]

    def _make_line(self, number, line):
        symbol = line["sku"]
        if line["kind"] == "delivery":
            symbol = self.writer.options.get("delivery_symbol", "")
        once = "" if symbol else line["name"]
        if not symbol and line["kind"] == "product":
            self._warn(f"“{line['name']}” has no SKU and comes as a one-off service")
        unit = self.writer.units.get(line["uom"], line["uom"])
        quantity = Decimal(line["quantity"])
        return [
            Raw(number), Raw(1 if symbol and line["kind"] == "product" else 2),
            cut_key(symbol, 20), switch(True), switch(True), switch(False), switch(True),
            amount(0), amount(0), cut(unit, 10), amount(quantity), amount(self._find_stock(line)),
            amount(0),
            *map(amount, get_prices(line)), amount(get_rate(line)),
            amount(line["net"]), amount(line["tax"]), amount(line["gross"]), amount(0),
            cut(once, 250), cut(once, 50),
        ]  # fmt: skip

    def _find_stock(self, line):
        """Return the quantity in the article's own unit: two packs of twelve are 24."""
        stock = line.get("stock_quantity")
        if stock not in (None, ""):
            stock = Decimal(str(stock))
            written = amount(stock)
            if Decimal(written) != stock:
                self._warn(
                    f"“{line['name']}”: {stock} {line.get('stock_uom', '')} of it has more decimals"
                    f" than EDI++, the file has {written}: look at the quantity in the ERP"
                )
            return stock
        if line["kind"] == "product" and line["uom"] not in UNITS:
            self._warn(
                f"“{line['name']}” is ordered in “{line['uom']}”, and Odoo does not say how many of"
                " the article's own unit that is: look at the quantity in the ERP"
            )
        return Decimal(line["quantity"])

    def make_customer(self):
        """Return the 30 fields of the customer's card."""
        customer = self.customer
        kind = 2 if customer["is_company"] or customer["company"] or customer["vat"] else 6
        country, prefix, is_eu = make_country(customer)
        return [
            Raw(kind), get_symbol(customer), *self._make_address(80), cut(get_vat(customer), 20),
            "", cut(customer["phone"], 50), "", "", cut(customer["email"], 50), "",
            cut(customer["name"], 50) if kind == 2 else "", "", "", *[""] * 8, "", "",
            country, prefix, is_eu,
        ]  # fmt: skip


# === CUSTOMERS === #


def find_identity(order):
    """Return who the customer is in the ERP: symbol, VAT number and where he can be reached."""
    customer, invoice = order["customer"], order["invoice_address"]
    return {name: customer[name] or invoice[name] for name in ("ref", "vat", "email", "phone")} | {
        "customer_id": customer["id"]
    }


def get_symbol(customer):
    """Return the symbol of a customer: the ERP's own if it is known, else one that is his alone.

    Names collide, so that none is made of one. Some installations refuse more than 16 characters.
    """
    if customer["ref"]:
        return cut_key(customer["ref"], 20)
    vat = get_vat(customer)
    return cut_key(vat, 16) if vat else f"ODOO{customer['customer_id']}"


def get_vat(customer):
    """Return a VAT number in plain letters; a Polish one without its country."""
    vat = re.sub(r"[^0-9A-Z]", "", transliterate(customer["vat"]).upper())
    return vat.removeprefix(HOME) if customer["country"] in (HOME, "") else vat


def get_name(address):
    return address["company"] or address["name"]


def get_street(address):
    return " ".join(filter(None, (address["street"], address["street2"])))


def find_long(address):
    """Return `(word, text, size)` of each part of an address that its field cuts."""
    parts = [
        ("post code", address["zip"], 6),
        ("city", address["city"], 30),
        ("street", get_street(address), 50),
    ]
    return [part for part in parts if len(transliterate(part[1])) > part[2]]


def make_place(address):
    """Return the parts of an address as they stand in the notes."""
    parts = (address["street"], address["street2"], f"{address['zip']} {address['city']}".strip())
    return [*filter(None, (*parts, address["country"]))]


def make_country(customer):
    """Return country, prefix and whether it is another one of the European Union."""
    code = customer["country"] or HOME
    known = code in COUNTRIES
    prefix = ("EL" if code == "GR" else code) if known else ""
    return cut(COUNTRIES.get(code, code), 50), prefix, switch(known and code != HOME)


# === MONEY === #


def get_rate(line):
    """Return the tax rate of a line as a percentage."""
    return sum(map(Decimal, line["tax_rates"]), Decimal())


def get_prices(line):
    """Return net and gross price of one piece after the discount.

    The discount is inside: whether the price stands before or after it is not said anywhere.
    """
    quantity = Decimal(line["quantity"]) or 1
    return Decimal(line["net"]) / quantity, Decimal(line["gross"]) / quantity


def choose_net(lines, wish="auto"):
    """Return whether net prices rule, and not gross ones: by which rule most cents are right.

    A reader has the prices of the file, with their four decimals. Where both do, it is the price
    that Odoo has in whole cents.
    """
    if wish in ("net", "gross"):
        return wish == "net"
    net, gross = (sum(map(rule, lines)) for rule in (follows_net, follows_gross))
    if net != gross:
        return net > gross
    return all(_is_priced(line, "net") for line in lines) or not all(
        _is_priced(line, "gross") for line in lines
    )


def follows_net(line):
    """Whether each cent of a line follows from its net price in the file."""
    return _follows(line, "net", get_rate(line) / 100)


def follows_gross(line):
    """Whether each cent of a line follows from its gross price in the file."""
    rate = get_rate(line)
    return _follows(line, "gross", rate / (100 + rate))


def _follows(line, name, share):
    value, prices = Decimal(line[name]), dict(zip(("net", "gross"), get_prices(line), strict=True))
    price = Decimal(amount(prices[name]))
    tax = (value * share).quantize(CENT, ROUND_HALF_UP)
    return _multiply(price, line) == value and tax == Decimal(line["tax"])


def _is_priced(line, name):
    """Whether a line is its price in whole cents times its quantity, as Odoo computed it."""
    left = 1 - Decimal(line["discount"] or 0) / 100
    price = (Decimal(line[f"unit_{name}"]) * left).quantize(CENT, ROUND_HALF_UP)
    return _multiply(price, line) == Decimal(line[name])


def _multiply(price, line):
    return (price * Decimal(line["quantity"])).quantize(CENT, ROUND_HALF_UP)
