"""The client's query files: parsed as T-SQL, run on PostgreSQL on tables made from the facts.

`sqlglot` rewrites them. Ids of orders, customers, goods and documents collide on purpose, as they
do in Subiekt. The client asks through a real ODBC driver where there is one; root has it
installed by `make test`. Where nobody may install it, a module of the same name asks PostgreSQL.
"""

import contextlib
import os
import shutil
import textwrap

import psycopg2
import pytest
import sqlglot
from database import scratch
from kit.erp import FOLDER, Client
from setup import find_odbc_driver
from sqlglot import exp

QUERIES = sorted(FOLDER.glob("*.sql"))
NAMES = [path.name for path in QUERIES]
# What old SQL Servers lack, or what would do more than read.
TOO_NEW = (exp.Concat, exp.ConcatWs, exp.TryCast)
WRITES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Command)

GT_TABLES = """
CREATE TABLE dok__Dokument (dok_Id int PRIMARY KEY, dok_Typ int, dok_Podtyp int DEFAULT 0,
    dok_Status int, dok_StatusEx int, dok_DoDokId int, dok_NrPelny varchar(30),
    dok_NrPelnyOryg char(30) DEFAULT '', dok_DataWyst timestamp DEFAULT '2026-11-02');
CREATE TABLE kh__Kontrahent (kh_Id int PRIMARY KEY);
CREATE TABLE tw__Towar (tw_Id int PRIMARY KEY);
CREATE TABLE fl__Flagi (flg_Id int PRIMARY KEY, flg_Text varchar(50));
CREATE TABLE fl_Wartosc (flw_IdGrupyFlag int, flw_TypObiektu int, flw_IdObiektu int,
    flw_IdFlagi int, flw_Komentarz varchar(255), flw_CzasOstatniejZmiany timestamp(3));
"""
# Orders 1 to 9 with documents of other kinds from 11 on; customers and goods have the same ids.
GT_ROWS = """
INSERT INTO dok__Dokument (dok_Id, dok_Typ, dok_Status, dok_StatusEx, dok_DoDokId, dok_NrPelny,
                           dok_NrPelnyOryg) VALUES
    (1, 16, 7, 0, NULL, 'ZK 1/2026', 'S00001'),
    (2, 16, 8, 4, NULL, 'ZK 2/2026', 'S00002'),
    (3, 16, 8, 1, NULL, 'ZK 3/2026', 'S00003'),
    (4, 16, 2, 0, NULL, 'ZK 4/2026', 'S00004'),
    (5, 16, 8, NULL, 31, 'ZK 5/2026', 'S00005'),
    (6, 16, 6, 0, NULL, 'ZK 6/2026', 'by telephone'),
    (7, 16, 8, 16, NULL, 'ZK 7/2026', 'S00007'),
    (8, 16, 8, 8, NULL, 'ZK 8/2026', 'S00008'),
    (12, 2, 1, 0, 2, 'FS 12/2026', ''),
    (13, 21, 1, 0, 3, 'PA 13/2026', ''),
    (14, 2, 1, 0, 3, 'FS 14/2026', ''),
    (15, 2, 2, 0, 2, 'FS 15/2026', ''),
    (16, 2, 3, 0, 2, 'FS 16/2026', ''),
    (17, 2, 1, 0, 7, 'FS 17/2026', ''),
    (18, 2, 1, 0, 8, 'FS 18/2026', ''),
    (19, 6, 1, 0, 2, 'KFS 19/2026', ''),
    (20, 15, 1, 0, 1, 'ZD 20/2026', ''),
    (21, 2, 1, 0, 20, 'FS 21/2026', ''),
    (22, 2, 1, 0, 6, 'FS 22/2026', ''),
    (30, 11, 1, 0, 12, 'WZ 30/2026', ''),
    (31, 11, 1, 0, NULL, 'WZ 31/2026', ''),
    (32, 11, 1, 0, 3, 'WZ 32/2026', ''),
    (33, 11, 1, 0, 20, 'WZ 33/2026', '');
INSERT INTO kh__Kontrahent SELECT * FROM generate_series(1, 40);
INSERT INTO tw__Towar SELECT * FROM generate_series(1, 40);
INSERT INTO fl__Flagi VALUES (1, 'Gotowe'), (2, 'VIP'), (3, 'Wycofany');
INSERT INTO fl_Wartosc VALUES
    (4, 3, 1, 1, 'Pakujemy', '2026-11-02 10:00:00.250'),
    (4, 3, 2, NULL, NULL, '2026-11-02 11:00:00'),
    (4, 3, 6, 1, NULL, '2026-11-02 12:00:00'),
    (4, 3, 12, 1, NULL, '2026-11-02 12:00:00'),
    (5, 3, 1, 3, 'another group', '2026-11-02 13:00:00'),
    (4, 9, 1, 2, 'a customer of this id', '2026-11-02 13:00:00'),
    (6, 8, 1, 3, 'goods of this id', '2026-11-02 13:00:00');
"""
NEXO_TABLES = """
CREATE SCHEMA ModelDanychContainer;
SET search_path = ModelDanychContainer;
CREATE TABLE Konfiguracje (Id int PRIMARY KEY, TypDokumentu int, SposobKorygowania int);
CREATE TABLE StatusyDokumentow (Id int PRIMARY KEY, Zamkniety int, Uniewazniony int);
CREATE TABLE FlagiWlasne (Id int PRIMARY KEY, Nazwa varchar(50));
CREATE TABLE Dokumenty (Id int PRIMARY KEY, KonfiguracjaId int, StatusDokumentuId int,
    NumerWewnetrzny_PelnaSygnatura varchar(50), NumerZewnetrzny varchar(50),
    DataWydaniaWystawienia timestamp DEFAULT '2026-11-02', SposobKorygowania int,
    Dokument_DokumentPowiazany_Id int, Dokument_FlagaWlasna_Id int);
CREATE TABLE PozycjeDokumentu (Id int PRIMARY KEY, Dokument_Id int);
CREATE TABLE RealizacjePozycji (PozycjaRealizowanaId int, PozycjaRealizujacaId int);
"""
NEXO_ROWS = """
SET search_path = ModelDanychContainer;
INSERT INTO Konfiguracje VALUES (1, 1, NULL), (2, 64, 1), (3, 64, 2), (4, 4, NULL), (5, 2, NULL);
INSERT INTO StatusyDokumentow VALUES (1, 0, 0), (2, 1, 0), (3, 0, 1), (15, 0, 0), (16, 0, 0);
INSERT INTO FlagiWlasne VALUES (1, 'Gotowe');
INSERT INTO Dokumenty (Id, KonfiguracjaId, StatusDokumentuId, NumerWewnetrzny_PelnaSygnatura,
    NumerZewnetrzny, SposobKorygowania, Dokument_DokumentPowiazany_Id, Dokument_FlagaWlasna_Id)
VALUES
    (1, 1, 2, 'ZK 1', 'S00001', NULL, NULL, 1),
    (2, 1, 1, 'ZK 2', 'S00002', NULL, NULL, NULL),
    (3, 1, 3, 'ZK 3', 'S00003', NULL, NULL, NULL),
    (4, 5, 1, 'ZD 4', 'S00001', NULL, NULL, 1),
    (11, 2, 15, 'FS 11', NULL, NULL, NULL, NULL),
    (12, 3, 15, 'PA 12', NULL, NULL, NULL, NULL),
    (13, 2, 15, 'KFS 13', NULL, 1, NULL, NULL),
    (14, 2, 16, 'FS 14', NULL, NULL, NULL, NULL),
    (15, 4, 15, 'WZ 15', NULL, NULL, NULL, NULL),
    (16, 4, 15, 'WZ 16', NULL, NULL, 11, NULL);
INSERT INTO PozycjeDokumentu VALUES (1, 1), (2, 1), (3, 2), (11, 11), (12, 11), (13, 12), (14, 13),
    (15, 14), (16, 15), (17, 4);
INSERT INTO RealizacjePozycji VALUES (1, 11), (2, 12), (3, 13), (1, 14), (1, 15), (3, 16), (1, 17);
"""


def to_postgres(query):
    """Return a query of SQL Server as one of PostgreSQL."""
    (tree,) = sqlglot.parse(query, read="tsql")
    # The inner ones first.
    for node in reversed(list(tree.find_all(exp.Add))):
        texts = [*node.find_all(exp.Literal)]
        if any(text.is_string for text in texts):
            # Its plus sign joins texts.
            node.replace(exp.DPipe(this=node.left.copy(), expression=node.right.copy()))
    return tree.sql(dialect="postgres", comments=False).replace("%s", "?")


def read(name):
    return (FOLDER / name).read_text(encoding="utf-8")


# === AS SQL SERVER READS THEM === #


@pytest.mark.parametrize("name", NAMES)
def test_query_only_reads_and_knows_old_servers(name):
    (tree,) = sqlglot.parse(read(name), read="tsql", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, exp.Select | exp.Union)
    assert not list(tree.find_all(*WRITES, *TOO_NEW))
    assert not {"concat", "iif", "string_agg", "trim", "format", "try_convert"} & {
        node.name.lower() for node in tree.find_all(exp.Anonymous, exp.Func)
    }
    assert "nolock" not in tree.sql("tsql", comments=False).lower()
    assert len(list(tree.find_all(exp.Placeholder))) == (name == "subiekt_gt_flags.sql")
    assert "LIVE S" in read(name), "it says that it was not run for real"


def test_every_query_of_the_contract_is_there():
    assert NAMES == [
        "nexo_pro_documents.sql",
        "nexo_pro_flags.sql",
        "subiekt_gt_discover.sql",
        "subiekt_gt_documents.sql",
        "subiekt_gt_flags.sql",
    ]


# === ON TABLES === #


@pytest.fixture(scope="module")
def erp(pg):
    """A database with the tables of both systems."""
    with scratch(pg, "test_erp_queries") as name:
        options = {"host": pg["PGHOST"], "port": pg["PGPORT"], "user": pg["PGUSER"]}
        options |= {"password": pg.get("PGPASSWORD"), "dbname": name}
        with contextlib.closing(psycopg2.connect(**options)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statements in (GT_TABLES, GT_ROWS, NEXO_TABLES, NEXO_ROWS):
                    cursor.execute(statements)
                    cursor.execute("SET search_path = public")
                yield Erp(options, cursor)


class Erp:
    """The tables, and how the client reaches them."""

    def __init__(self, options, cursor):
        self.options = options
        self.cursor = cursor
        self.driver = find_driver()

    @property
    def odbc(self):
        words = {"Driver": self.driver, "Server": self.options["host"]}
        words |= {"Port": self.options["port"], "Database": self.options["dbname"]}
        words |= {"Uid": self.options["user"], "Pwd": self.options["password"] or ""}
        return ";".join(f"{name}={value}" for name, value in words.items())


def find_driver():
    """Return PostgreSQL's ODBC driver; where root can have it and has not, the tests fail."""
    driver = find_odbc_driver()
    may_install = not os.geteuid() and shutil.which("apt-get")
    assert driver or not may_install, "no driver: apt-get install unixodbc odbc-postgresql"
    return driver


# Asks PostgreSQL by psycopg2 where nobody may install an ODBC driver.
STAND_IN = """
import psycopg2

Error = psycopg2.Error

class Connection:
    def __init__(self, words):
        self.real = psycopg2.connect(
            host=words["Server"], port=words["Port"], dbname=words["Database"],
            user=words["Uid"], password=words["Pwd"])

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.real.close()

    def execute(self, query, *parameters):
        cursor = self.real.cursor()
        cursor.execute(query.replace("%", "%%").replace("?", "%s"), parameters)
        return cursor

def connect(string, **options):
    return Connection(dict(word.split("=", 1) for word in string.split(";")))
"""


@pytest.fixture
def client(tmp_path, odoo, erp):
    client = Client(tmp_path, odoo.url)
    if not erp.driver:
        (tmp_path / "pyodbc.py").write_text(textwrap.dedent(STAND_IN))
        client.environment["PYTHONPATH"] = str(tmp_path)

    def use(name, *changes, **settings):
        query = read(name)
        for old, new in changes:
            assert old in query
            query = query.replace(old, new)
        (tmp_path / name).write_text(to_postgres(query), encoding="utf-8")
        words = "\n".join(f"{key} = {value}" for key, value in settings.items())
        client.configure(f"odbc = {erp.odbc}\nquery = {name}\ndiscover = {name}\n{words}")

    client.use = use
    return client


FLAGS = [("IdGrupyFlag = 0", "IdGrupyFlag = 4"), ("TypObiektu = 0", "TypObiektu = 3")]


def test_flags_are_those_of_orders_alone(client, odoo):
    client.use("subiekt_gt_flags.sql", *FLAGS, zone="+01:00")
    code, output = client.run()
    assert code == 0, output
    assert [(row["order"], row["flag"], row["note"]) for row in odoo.sent] == [
        ("S00001", "Gotowe", "Pakujemy"),
        ("S00002", "", ""),
    ]
    first, second = odoo.sent
    assert first["changed_at"] == "2026-11-02T10:00:00.250000+01:00"
    assert second["changed_at"] == "2026-11-02T11:00:00+01:00"
    assert first["key"].startswith("4-1-2026-11-02")
    assert first["key"].endswith("-1")
    assert client.run()[0] == 0
    assert len(odoo.sent) == 2


def test_two_changes_in_a_second_have_two_keys(client, odoo, erp):
    client.use("subiekt_gt_flags.sql", *FLAGS, zone="+01:00")
    client.run()
    erp.cursor.execute("UPDATE fl_Wartosc SET flw_IdFlagi = 1 WHERE flw_IdFlagi IS NULL")
    try:
        assert client.run()[0] == 0
        assert odoo.sent[-1]["flag"] == "Gotowe"
        assert odoo.sent[-1]["key"] != odoo.sent[-2]["key"]
    finally:
        erp.cursor.execute("UPDATE fl_Wartosc SET flw_IdFlagi = NULL WHERE flw_IdObiektu = 2")


@pytest.mark.parametrize("changes", [[], FLAGS[:1], FLAGS[1:]])
def test_flags_are_not_read_before_group_and_type_are_set(client, odoo, changes):
    client.use("subiekt_gt_flags.sql", *changes)
    code, output = client.run()
    assert (code, "is still 0" in output) == (1, True)
    assert odoo.calls == []


def test_discover_shows_whose_flags_there_are(client):
    client.use("subiekt_gt_discover.sql")
    code, output = client.run("discover")
    assert code == 0, output
    lines = [line.split("  ") for line in output.splitlines()]
    lines = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert lines[0][:4] == ["flag_group", "object_type", "flag", "rows"]
    found = {tuple(line[:3]): line[3:8] for line in lines[1:-1]}
    assert found["4", "3", "Gotowe"] == ["3", "2", "1", "3", "3"]
    assert found["4", "9", "VIP"] == ["1", "1", "0", "1", "1"]
    assert ("4", "3", "(taken off)") in found


def push(client, odoo, name):
    client.use(name, mode="snapshot")
    assert client.run()[0] == 0
    assert odoo.sent == [], "a document counts at its second sight"
    code, output = client.run()
    assert code == 0, output
    return {
        (row["order"], row["document"]["kind"], row["document"]["number"]): (
            row["document"]["state"],
            row["document"]["covers"],
        )
        for row in odoo.sent
    }


def test_documents_of_orders_in_subiekt_gt(client, odoo):
    assert push(client, odoo, "subiekt_gt_documents.sql") == {
        ("S00001", "order", "ZK 1/2026"): ("open", "all"),
        ("S00002", "order", "ZK 2/2026"): ("open", "all"),
        ("S00003", "order", "ZK 3/2026"): ("open", "all"),
        ("S00004", "order", "ZK 4/2026"): ("cancelled", "all"),
        ("S00005", "order", "ZK 5/2026"): ("open", "all"),
        ("S00007", "order", "ZK 7/2026"): ("open", "all"),
        ("S00008", "order", "ZK 8/2026"): ("open", "all"),
        ("S00002", "invoice", "FS 12/2026"): ("open", "all"),
        ("S00002", "invoice", "FS 15/2026"): ("cancelled", "all"),
        ("S00003", "receipt", "PA 13/2026"): ("open", "part"),
        ("S00003", "invoice", "FS 14/2026"): ("open", "part"),
        ("S00007", "invoice", "FS 17/2026"): ("open", "all"),
        ("S00008", "invoice", "FS 18/2026"): ("open", "part"),
        ("S00002", "delivery", "WZ 30/2026"): ("open", "all"),
        ("S00005", "delivery", "WZ 31/2026"): ("open", "all"),
        ("S00003", "delivery", "WZ 32/2026"): ("open", "part"),
    }
    assert odoo.sent[0]["document"]["date"] == "2026-11-02"


def test_order_and_invoice_that_were_deleted_in_subiekt_gt(client, odoo, erp):
    push(client, odoo, "subiekt_gt_documents.sql")
    odoo.calls.clear()
    erp.cursor.execute("BEGIN; CREATE TABLE kept AS SELECT * FROM dok__Dokument; COMMIT")
    try:
        erp.cursor.execute("DELETE FROM dok__Dokument WHERE dok_Id IN (1, 14)")
        client.run()
        assert odoo.sent == []
        client.run()
        assert sorted(odoo.take()) == [
            ("S00001", "order", "ZK 1/2026", "cancelled"),
            ("S00003", "invoice", "FS 14/2026", "cancelled"),
        ]
    finally:
        erp.cursor.execute("DELETE FROM dok__Dokument; INSERT INTO dok__Dokument TABLE kept")
        erp.cursor.execute("DROP TABLE kept")


def test_documents_of_orders_in_nexo(client, odoo):
    assert push(client, odoo, "nexo_pro_documents.sql") == {
        ("S00001", "order", "ZK 1"): ("open", "all"),
        ("S00002", "order", "ZK 2"): ("open", "all"),
        ("S00003", "order", "ZK 3"): ("cancelled", "all"),
        ("S00001", "invoice", "FS 11"): ("open", "all"),
        ("S00002", "receipt", "PA 12"): ("open", "part"),
        ("S00002", "delivery", "WZ 15"): ("open", "part"),
        ("S00001", "delivery", "WZ 16"): ("open", "all"),
    }


def test_flags_in_nexo(client, odoo, erp):
    client.use("nexo_pro_flags.sql", mode="snapshot")
    assert client.run()[0] == 0
    assert [(row["order"], row["flag"]) for row in odoo.sent] == [("S00001", "Gotowe")]
    table = "ModelDanychContainer.Dokumenty"
    erp.cursor.execute(f"UPDATE {table} SET Dokument_FlagaWlasna_Id = NULL WHERE Id = 1")
    try:
        client.run()
        assert (odoo.sent[-1]["order"], odoo.sent[-1]["flag"]) == ("S00001", "")
    finally:
        erp.cursor.execute(f"UPDATE {table} SET Dokument_FlagaWlasna_Id = 1 WHERE Id = 1")


def test_another_query_cancels_nothing_unasked(client, odoo):
    push(client, odoo, "subiekt_gt_documents.sql")
    odoo.calls.clear()
    client.use("subiekt_gt_documents.sql", ("LIKE 'S%'", "LIKE 'S00002%'"), mode="snapshot")
    code, output = client.run()
    assert (code, "the query is another one" in output) == (1, True), output
    assert client.run()[0] == 1
    assert client.run("push", "--vanished", "forget")[0] == 0
    assert client.run()[0] == 0
    assert odoo.sent == []


def test_database_that_refuses_is_said_and_cancels_nothing(client, odoo):
    push(client, odoo, "subiekt_gt_documents.sql")
    odoo.calls.clear()
    change = ("FROM dok__Dokument w", "FROM missing w")
    client.use("subiekt_gt_documents.sql", change, mode="snapshot")
    code, output = client.run()
    assert (code, "the database refused" in output) == (1, True), output
    assert odoo.sent == []
