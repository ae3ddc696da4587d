"""EDI++: a reader written from the facts about the format reads back what the client wrote."""

import datetime
import re
import sys
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

import pytest
from kit.erp import FOLDER, make_address, make_line, make_order

sys.path.append(str(FOLDER))

import epp
from terms import read_terms

NOW = datetime.datetime(2026, 11, 26, 12, 30, 15)
FIELD = re.compile(r'"((?:[^"]|"")*)"|([^",\r\n]*)')
# Longest text of fields: number from 1 -> characters, as the specification has them.
INFO_TEXTS = {1: 50, 4: 255, 5: 20, 6: 40, 7: 80, 8: 30, 9: 6, 10: 50, 11: 13, 12: 20, 13: 40}
INFO_TEXTS |= {14: 255, 15: 5, 19: 35, 21: 50, 22: 2, 23: 20}
HEADER_TEXTS = {1: 3, 5: 20, 6: 10, 7: 30, 8: 30, 10: 30, 11: 3, 12: 20, 13: 40, 14: 255, 15: 30}
HEADER_TEXTS |= {16: 6, 17: 50, 18: 20, 19: 30, 20: 50, 21: 30, 27: 20, 32: 30, 34: 30, 42: 35}
HEADER_TEXTS |= {43: 35, 44: 35, 47: 3, 49: 255, 50: 50, 51: 50, 56: 50, 58: 50, 60: 50, 61: 2}
LINE_TEXTS = {3: 20, 10: 10, 21: 250, 22: 50}
CUSTOMER_TEXTS = {2: 20, 3: 40, 4: 80, 5: 30, 6: 6, 7: 50, 8: 20, 10: 50, 13: 50, 28: 50, 29: 2}
AMOUNTS = {28, 29, 30, 31, 33, 36, 37, 45, 46, 48, 57, 59}
LINE_AMOUNTS = {8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}


@dataclass
class EppFile:
    """What a program that knows the format reads; fields count from 1."""

    info: list = field(default_factory=list)
    header: list = field(default_factory=list)
    lines: list = field(default_factory=list)
    blocks: dict = field(default_factory=dict)


def read_record(line, texts):
    """Return the fields of a line; quotation marks stand around texts and nothing else."""
    values, position = [None], 0
    while True:
        found = FIELD.match(line, position)
        quoted = found[1] is not None
        number = len(values)
        value = found[1].replace('""', '"') if quoted else found[2]
        assert quoted == (number in texts) or not value, (number, value)
        assert len(value) <= texts.get(number, 99), (number, value)
        values.append(value)
        position = found.end()
        if position == len(line):
            return values
        assert line[position] == ",", line[position:]
        position += 1


def read_epp(content):
    """Read a file as the facts describe it, with everything that they demand."""
    text = content.decode("cp1250")
    assert "\n" not in text.replace("\r\n", "")
    assert text.endswith("\r\n\r\n"), "an empty line at the end"
    blocks = []
    for line in text.split("\r\n"):
        if re.fullmatch(r"\[\w+\]", line):
            blocks.append((line, []))
        elif line:
            blocks[-1][1].append(line)
    labels = [label for label, _lines in blocks]
    assert labels[0] == "[INFO]"
    assert labels[1:] == ["[NAGLOWEK]", "[ZAWARTOSC]"] * (len(labels) // 2)
    result = EppFile(info=read_record(*blocks[0][1], INFO_TEXTS))
    for (_label, head), (_other, lines) in zip(blocks[1::2], blocks[2::2], strict=True):
        (head,) = head
        if head.count(","):
            result.header = read_record(head, HEADER_TEXTS)
            result.lines = [read_record(line, LINE_TEXTS) for line in lines]
        else:
            texts = CUSTOMER_TEXTS | dict.fromkeys([*range(9, 28)], 50)
            result.blocks[head.strip('"')] = [read_record(line, texts) for line in lines]
    check_form(result)
    return result


def check_form(file):
    assert len(file.info) - 1 == 24
    assert len(file.header) - 1 == 62
    assert {len(line) - 1 for line in file.lines} <= {22}
    assert file.info[1:4] == ["1.05", "3", "1250"]
    for number in AMOUNTS:
        assert re.fullmatch(r"-?\d+\.\d{4}", file.header[number]), number
    for line in file.lines:
        for number in LINE_AMOUNTS:
            assert re.fullmatch(r"-?\d+\.\d{4}", line[number]), number
        assert line[4:8] == ["1", "1", "0", "1"]
    for number in (22, 23, 35):
        assert re.fullmatch(r"\d{8}000000", file.header[number]), "a date has no time of day"
    assert int(file.header[25]) == len(file.lines)
    for number, position in ((28, 17), (29, 18), (30, 19)):
        total = sum(Decimal(line[position]) for line in file.lines)
        assert total == Decimal(file.header[number]), "lines add up"


def write(order=None, units=None, **options):
    zone = datetime.timezone(datetime.timedelta(hours=1))
    terms = read_terms(options.pop("terms", {}))
    content, warnings = epp.Writer(options, units, zone, terms).write(order or make_order(), NOW)
    file = read_epp(content)
    file.warnings = warnings
    return file


def test_customer_order_is_read_back():
    file = write(sender="Nasza Firma", sender_vat="PL 526-000-12-46", warehouse="GŁ")
    header, (line,) = file.header, file.lines
    assert header[1:5] == ["ZK", "1", "0", "1"]
    assert (header[7], header[10]) == ("S00001", "S00001")
    assert header[12:19] == [
        "5260001246",
        "Hurtownia Łódź sp. z o.o.",
        "Hurtownia Łódź sp. z o.o.",
        "Łódź",
        "90-001",
        "ul. Długa 1/2",
        "5260001246",
    ]
    assert header[22] == "20261126000000"
    assert header[24] == ""
    assert header[26:31] == ["1", "Detaliczna", "30.0000", "6.9000", "36.9000"]
    assert header[36:42] == ["0.0000", "36.9000", "0", "0", "1", "5"]
    assert header[47:52] == ["PLN", "1.0000", "S00001 v1", "PO 4711", "S00001 v1"]
    assert header[53:56] == ["0", "0", "0"]
    assert header[60:63] == ["Polska", "PL", "0"]
    assert line[1:4] == ["1", "1", "ŚRUBA-M8"]
    assert line[10:20] == [
        "szt.",
        "3.0000",
        "3.0000",
        "0.0000",
        "10.0000",
        "12.3000",
        "23.0000",
        "30.0000",
        "6.9000",
        "36.9000",
    ]
    assert line[21:] == ["", ""]
    assert file.info[6:8] == ["Nasza Firma"] * 2
    assert (file.info[11], file.info[12], file.info[20]) == ("5260001246", "GŁ", "20261126123015")
    assert file.warnings == []


def test_new_customer_has_a_card_and_goods_never_have_one():
    file = write()
    assert list(file.blocks) == ["KONTRAHENCI"]
    (card,) = file.blocks["KONTRAHENCI"]
    assert len(card) - 1 == 30
    assert card[1:3] == ["2", file.header[12]]
    assert card[8] == "5260001246"
    assert (card[10], card[13], card[15]) == ("+48 600 000 000", "jan@example.com", "Jan Żak")
    assert card[28:31] == ["Polska", "PL", "0"]


def test_known_customer_keeps_his_card():
    file = write(make_order(customer=make_address(ref="KLIENT 7")))
    assert file.header[12] == "KLIENT 7"
    assert file.blocks == {}


def test_private_customers_of_one_name_are_two():
    people = [make_address(n, company="", vat="", name="Jan Kowalski") for n in (11, 12)]
    files = [write(make_order(customer=who, invoice_address=who)) for who in people]
    symbols = [file.header[12] for file in files]
    assert symbols == ["ODOO11", "ODOO12"]
    assert files[0].blocks["KONTRAHENCI"][0][1] == "6"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Zażółć gęślą jaźń ŁÓDŹ", "Zażółć gęślą jaźń ŁÓDŹ"),
        ("Škofja Loka – Čatež", "Škofja Loka – Čatež"),
        ("Київ, Љубљана, Москва", "Kyiv, Ljubljana, Moskva"),
        ("Αθήνα", "Athina"),
        ("ñandú Ørsted Æsir", "nandú Orsted Aesir"),
        ("emoji 😀 here", "emoji here"),
        ("two\r\nlines\tand\x00nul", "two lines andnul"),
        ("½ litre", "1/2 litre"),
        ("STRAẞE", "STRASsE"),
        ("o\u0301 composed", "ó composed"),
    ],
)
def test_letters_that_cp1250_lacks(text, plain):
    file = write(make_order(client_order_ref=text))
    assert file.header[50] == plain


def test_customer_whose_name_has_no_letter_of_cp1250():
    who = make_address(7, company="", name="李明", vat="")
    file = write(make_order(customer=who, invoice_address=who))
    assert file.header[12:15] == ["ODOO7"] * 3
    assert file.blocks["KONTRAHENCI"][0][2:5] == ["ODOO7"] * 3
    assert "李明" in file.warnings[0]


def test_quotation_marks_and_commas():
    line = make_line(sku='A"B,C', name='5" pipe')
    file = write(make_order(lines=[line], note='say "hi", please'))
    assert file.lines[0][3] == 'A"B,C'
    assert file.header[49].endswith('say "hi", please')


def test_everything_too_long_is_cut_and_symbols_stay_apart():
    long = make_address(
        name="N" * 300,
        company="C" * 300,
        street="S" * 90,
        city="M" * 90,
        zip="SW1A 1AA",
        country="GB",
        vat="GB" + "9" * 40,
        email="e" * 90,
        phone="1" * 90,
    )
    lines = [
        make_line(sku="X" * 25 + end, name="n" * 600, uom="opakowanie zbiorcze") for end in "ab"
    ]
    order = make_order(
        name="ZAM/" + "7" * 60,
        lines=lines,
        customer=long,
        invoice_address=long,
        note="z" * 900,
        client_order_ref="r" * 90,
    )
    file = write(order)
    first, second = (line[3] for line in file.lines)
    assert len(first) == 20
    assert first != second
    assert len(file.header[10]) == 30
    assert any("post code" in warning for warning in file.warnings)
    other = write(make_order(name="ZAM/" + "7" * 60 + "8"))
    assert other.header[10] != file.header[10], "what is cut never looks like another order's"


def test_address_that_is_cut_stands_in_the_notes():
    street = "ul. Generała Tadeusza Bora-Komorowskiego 125"
    who = make_address(street=street, street2="m. 17A", city="Łódź")
    file = write(make_order(customer=who, invoice_address=who))
    assert "17A" not in file.header[17]
    assert f"adres: {street}, m. 17A, 90-001 Łódź, PL" in file.header[49]
    assert f"the street {street} m. 17A has more than 50 characters" in file.warnings[0]
    assert "adres" not in write().header[49]


def test_symbols_that_differ_only_in_letters_that_are_lost_stay_apart():
    lines = [make_line(sku=sku) for sku in ("A😀", "A", "Д1", "D1")]
    file = write(make_order(lines=lines))
    assert len({line[3] for line in file.lines}) == 4
    assert file.lines[1][3] == "A"


def test_delivery_and_goods_without_a_number_are_one_off_services():
    lines = [
        make_line(kind="delivery", sku="DELIVERY_001", name="Kurier"),
        make_line(sku="", name="Bez numeru"),
        make_line(kind="service", sku="MONTAZ"),
    ]
    file = write(make_order(lines=lines))
    assert [line[2:4] for line in file.lines] == [["2", ""], ["2", ""], ["2", "MONTAZ"]]
    assert [line[22] for line in file.lines] == ["Kurier", "Bez numeru", ""]
    assert "no SKU" in file.warnings[0]
    assert write(make_order(lines=lines), delivery_symbol="WYSYLKA").lines[0][3] == "WYSYLKA"


def test_down_payment_is_no_line():
    lines = [
        make_line(),
        make_line(kind="down_payment", quantity="0.0", net="0", tax="0", gross="0"),
    ]
    assert len(write(make_order(lines=lines)).lines) == 1


# === MONEY === #


def make_priced(quantity, unit, rate, included, discount="0"):
    """Return a line as Odoo computes it, by net or by gross prices."""
    cent, rate = Decimal("0.01"), Decimal(rate)
    total = (Decimal(unit) * (1 - Decimal(discount) / 100) * Decimal(quantity)).quantize(cent)
    if included:
        gross, net = total, (total * 100 / (100 + rate)).quantize(cent)
        unit_gross, unit_net = Decimal(unit), (Decimal(unit) * 100 / (100 + rate)).quantize(cent)
    else:
        net, gross = total, total + (total * rate / 100).quantize(cent)
        unit_net, unit_gross = Decimal(unit), (Decimal(unit) * (100 + rate) / 100).quantize(cent)
    values = {"net": net, "tax": gross - net, "gross": gross, "unit_net": unit_net}
    values |= {"unit_gross": unit_gross, "quantity": quantity, "discount": discount}
    return make_line(tax_rates=[str(rate)], **{name: str(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("included", "expected"),
    [(False, "1"), (True, "0")],
)
def test_the_price_that_rules_is_the_one_that_gives_each_cent(included, expected):
    lines = [make_priced("3", "99.99", "23", included), make_priced("7", "4.35", "8", included)]
    file = write(make_order(lines=lines))
    assert file.header[26] == expected
    assert write(make_order(lines=lines), prices="gross").header[26] == "0"


def test_discount_lies_in_the_price():
    file = write(make_order(lines=[make_priced("4", "10.00", "23", False, "12.5")]))
    (line,) = file.lines
    assert (line[9], line[14], line[17]) == ("0.0000", "8.7500", "35.0000")


def compute_as_erp(header, line):
    """Return net, tax and gross as a program computes them from the price that rules."""
    cent, quantity, rate = Decimal("0.01"), Decimal(line[11]), Decimal(line[16])
    if header[26] == "1":
        net = (Decimal(line[14]) * quantity).quantize(cent, ROUND_HALF_UP)
        tax = (net * rate / 100).quantize(cent, ROUND_HALF_UP)
        return net, tax, net + tax
    gross = (Decimal(line[15]) * quantity).quantize(cent, ROUND_HALF_UP)
    tax = (gross * rate / (100 + rate)).quantize(cent, ROUND_HALF_UP)
    return gross - tax, tax, gross


@pytest.mark.parametrize(
    ("quantity", "unit", "included", "discount"),
    [
        ("7", "9.99", True, "15"),
        ("7", "9.99", False, "15"),
        ("12", "4.99", True, "12.5"),
        ("90", "0.07", True, "33.33"),
    ],
)
def test_price_of_the_file_gives_each_cent_with_a_discount_too(quantity, unit, included, discount):
    file = write(make_order(lines=[make_priced(quantity, unit, "23", included, discount)]))
    (line,) = file.lines
    assert compute_as_erp(file.header, line) == tuple(map(Decimal, line[17:20]))
    assert file.warnings == []


def test_line_that_no_price_of_four_decimals_gives_is_said():
    cheap = make_priced("1000", "0.05", "23", False, "12.5")
    file = write(make_order(lines=[make_line(), {**cheap, "name": "Nit"}]))
    (warning,) = file.warnings
    assert "“Nit”: 1000 times its net price" in warning
    assert write(
        make_order(lines=[make_priced("7", "9.99", "23", True, "15")]), prices="net"
    ).warnings


def test_lines_are_added_up_and_a_difference_is_said():
    order = make_order(lines=[make_line(), make_line()])
    order["totals"]["gross"] = "73.81"
    file = write(order)
    assert file.header[30] == "73.8000"
    assert "add up to 73.80, in Odoo to 73.81" in file.warnings[0]


def test_foreign_customer_and_currency():
    who = make_address(country="DE", vat="DE 123.456.789", company="Müller GmbH", zip="10115")
    order = make_order(customer=who, invoice_address=who, currency="EUR", currency_rate="0.25")
    header = write(order).header
    assert header[18] == "DE123456789"
    assert header[47:49] == ["EUR", "4.0000"]
    assert header[60:63] == ["Niemcy", "DE", "1"]


@pytest.mark.parametrize("place", ["invoice_address", "delivery_address"])
def test_sale_to_another_country_is_said(place):
    (warning,) = write(make_order(**{place: make_address(country="DE")})).warnings
    assert "DE: the file has a domestic sale" in warning


@pytest.mark.parametrize("rates", [[], ["0.0000"]])
def test_line_without_tax_is_said(rates):
    line = make_line(tax_rates=rates, tax="0.00", gross="30.00", name="Książka")
    (warning,) = write(make_order(lines=[make_line(), line])).warnings
    assert "no tax or 0 % on “Książka”" in warning


# === WHAT HAS NO FIELD === #


def test_delivery_address_date_and_carrier_stand_in_the_notes():
    delivery = make_address(2, company="", name="Magazyn", street="Polna 3", city="Radom")
    order = make_order(
        delivery_address=delivery,
        requested_date="2026-11-30T23:00:00Z",
        carrier="DPD",
        version=2,
    )
    notes = write(order).header[49]
    for words in ("S00001 v2", "ZMIANA", "2026-12-01", "Magazyn, Polna 3", "Radom", "DPD"):
        assert words in notes


def test_cost_center_stands_in_the_notes():
    order = make_order(cost_center="K-12", cost_center_name="Serwis", note="pilne")
    assert write(order).header[49].endswith("; MPK K-12; pilne")


def test_day_of_the_order_is_that_of_the_erp():
    assert write(make_order(placed_at="2026-11-30T23:30:00Z")).header[22] == "20261201000000"


def test_dates_at_either_end_of_the_calendar():
    order = make_order(placed_at="0001-01-01T00:00:00Z", requested_date="9999-12-31T23:30:00Z")
    assert "termin 9999-12-31" in write(order).header[49]


def test_units_of_the_settings():
    file = write(make_order(lines=[make_line(uom="Dozens")]), units={"Dozens": "tuz."})
    assert file.lines[0][10] == "tuz."


# === PACKS === #


@pytest.mark.parametrize("stock", [24.0, "24.00"])
def test_quantity_in_the_unit_of_the_article(stock):
    line = make_line(uom="Pack of 12", quantity="2.0", stock_quantity=stock, stock_uom="Units")
    file = write(make_order(lines=[line]))
    assert file.lines[0][10:13] == ["Pack of 12", "2.0000", "24.0000"]
    assert not [warning for warning in file.warnings if "Pack of 12" in warning]


def test_pack_of_which_odoo_does_not_say_how_many_it_holds():
    lines = [make_line(uom="Pack of 12", name="Nuts"), make_line(), make_line(stock_quantity="")]
    lines.append(make_line(uom="g", stock_quantity="0.00"))
    file = write(make_order(lines=lines))
    assert [line[12] for line in file.lines] == ["3.0000"] * 3 + ["0.0000"]
    (warning,) = file.warnings
    assert "“Nuts” is ordered in “Pack of 12”" in warning


@pytest.mark.parametrize(
    ("stock", "written"), [("0.000020", "0.0000"), ("1.123456", "1.1235"), ("0.333333", "0.3333")]
)
def test_quantity_of_more_decimals_than_the_file_has_is_said(stock, written):
    lines = [make_line(uom="g", name="Gold", stock_quantity=stock, stock_uom="t")]
    lines.append(make_line(stock_quantity="3.000000", stock_uom="Units"))
    file = write(make_order(lines=lines))
    assert [line[12] for line in file.lines] == [written, "3.0000"]
    (warning,) = file.warnings
    assert f"“Gold”: {stock} t of it" in warning
    assert f"the file has {written}" in warning


# === PAYMENT TERMS === #


@pytest.mark.parametrize(
    ("terms", "form", "due"),
    [
        ("", "", "20261126000000"),
        ("Immediate Payment", "", "20261126000000"),
        ("30 Days", "", "20261226000000"),
        ("14 dni", "", "20261210000000"),
        ("30 Dni", "", "20261226000000"),
        ("End of Following Month", "przelew, odroczony", "20270110000000"),
    ],
)
def test_payment_terms_give_the_due_date(terms, form, due):
    known = {"End of Following Month": "45, przelew, odroczony"}
    order = make_order(payment={"method": "", "terms": terms, "paid": "0.00"})
    file = write(order, terms=known)
    assert (file.header[34], file.header[35]) == (form, due)
    assert (f"płatność: {terms}" in file.header[49]) is bool(terms)
    assert file.warnings == []


def test_payment_terms_that_nobody_knows_are_said():
    order = make_order(payment={"method": "", "terms": "2/7 Net 30", "paid": "0.00"})
    file = write(order)
    assert file.header[35] == file.header[22]
    assert "płatność: 2/7 Net 30" in file.header[49]
    (warning,) = file.warnings
    assert "“2/7 Net 30” is not known" in warning
