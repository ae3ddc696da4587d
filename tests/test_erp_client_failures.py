"""The ERP client when a run cannot finish: what it was about is neither lost nor mailed."""

import pytest

FLAG = {"order": "S1", "flag": "Gotowe", "key": "f", "changed_at": "2026-03-01T16:00:00+01:00"}
AWAY = [503] * 4


@pytest.fixture
def careful(client):
    client.configure("csv = changes.csv\nsecond_sight = on")
    return client


def make_invoices(count, **values):
    """Return documents whose times are long before that of `FLAG`."""
    moment = "2026-03-01T09:00:00+01:00"
    invoice = {"order": "S1", "kind": "invoice", "state": "open", "changed_at": moment, **values}
    return [{**invoice, "number": f"FS {n}", "key": f"{n}"} for n in range(count)]


# === SECOND SIGHT === #


def test_document_is_not_lost_when_its_second_sight_meets_no_odoo(careful, odoo):
    careful.write_rows([*make_invoices(25), FLAG])
    careful.run()
    assert odoo.take() == [("S1", "Gotowe")]
    odoo.failures = [200, *AWAY]
    assert careful.run()[0] == 1
    assert len(odoo.take()) == 10, "one batch of three"
    odoo.failures = [*AWAY]
    assert careful.run()[0] == 1
    assert careful.run()[0] == 0
    assert len(odoo.take()) == 15
    assert (len(odoo.keys), careful.source_state["pending"]) == (26, {})


def test_document_is_not_lost_when_its_second_sight_is_killed(careful, odoo):
    careful.write_rows([*make_invoices(15), FLAG])
    step, killed = 0, True
    while killed:
        step += 1
        (careful.folder / "erp_client.state.json").unlink(missing_ok=True)
        odoo.keys.clear()
        careful.run()
        killed = careful.kill_at(step, "push")
        careful.run()
        assert (len(odoo.keys), careful.source_state["pending"]) == (16, {}), step
    assert step > 6


def test_document_that_cannot_be_sent_waits_in_the_outbox_alone(careful, odoo):
    rows = [*make_invoices(1, order="missing"), {**make_invoices(2)[1], "file": "missing.pdf"}]
    careful.write_rows(rows)
    careful.run()
    assert careful.run()[0] == 1
    assert sorted(careful.source_state["retry"]) == ["0", "1"]
    assert careful.source_state["pending"] == {}


# === NO MAIL === #


@pytest.mark.parametrize("mode", ["snapshot", "time"])
@pytest.mark.parametrize("settings", [{"pause": 30}, {"max_tries": 1}])
def test_row_that_rests_or_was_given_up_is_mailed_by_no_later_run(odoo, client, mode, settings):
    client.configure(f"csv = changes.csv\nmode = {mode}", **settings)
    client.write_rows(make_invoices(1, order="missing"))
    client.run()
    odoo.calls.clear()
    client.run("push", "--no-mail")
    assert odoo.calls == [], "not sent now"
    client.run()
    odoo.missing = ""
    client.run("push", "--again")
    ((_method, body),) = odoo.calls
    assert body.get("context") == {"order_status_no_notify": True}
    client.run()
    assert client.source_state["quiet"] == {}
