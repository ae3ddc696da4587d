"""The comparison of the upgrade test sees what it is there to see."""

from snapshot import Snapshot

BEFORE = Snapshot(
    {
        "sale_order": {1: {"id": 1, "name": "S1", "note": "old"}, 2: {"id": 2, "name": "S2"}},
        "ir_ui_view": {7: {"id": 7, "arch": "<a/>"}, 8: {"id": 8, "arch": "<own/>"}},
        "status": {3: {"id": 3, "name": {"en_US": "Saved"}}},
    },
    {"ir_ui_view": {7}},
)


def compare(*options, **tables):
    return BEFORE.compare(Snapshot({**BEFORE.rows, **tables}, BEFORE.updated), *options)


def test_equal_databases_have_no_differences():
    assert compare() == []


def test_lost_rows_tables_and_columns_are_seen():
    lost = compare(sale_order={1: {"id": 1, "name": "S1"}})
    assert lost == ["- column sale_order.note", "- sale_order {'id': 2, 'name': 'S2'}"]
    assert BEFORE.compare(Snapshot({}, {}))[0] == "- table ir_ui_view"


def test_new_rows_are_seen():
    rows = {**BEFORE.rows["sale_order"], 3: {"id": 3, "name": "S3"}}
    assert compare(sale_order=rows) == ["+ sale_order {'id': 3, 'name': 'S3'}"]


def test_changed_values_are_seen():
    rows = {**BEFORE.rows["sale_order"], 2: {"id": 2, "name": "S9"}}
    assert compare(sale_order=rows) == ["~ sale_order.name of 2: 'S2' -> 'S9'"]


def test_updates_may_write_their_own_views_only():
    assert compare(ir_ui_view={7: {"id": 7, "arch": "<b/>"}, 8: {"id": 8, "arch": "<own/>"}}) == []
    changed = compare(ir_ui_view={8: {"id": 8, "arch": "<b/>"}})
    assert changed == ["~ ir_ui_view.arch of 8: '<own/>' -> '<b/>'"]


def test_a_translation_may_come_and_none_may_change():
    assert compare(status={3: {"id": 3, "name": {"en_US": "Saved", "pl_PL": "Zapisane"}}}) == []
    changed = compare(status={3: {"id": 3, "name": {"en_US": "Kept"}}})
    assert changed == ["~ status.name of 3: {'en_US': 'Saved'} -> {'en_US': 'Kept'}"]


def test_what_a_release_renames_is_the_same():
    def as_before(column, value):
        return value.replace("new", "own") if column == "ir_ui_view.arch" else value

    assert compare(as_before, ir_ui_view={8: {"id": 8, "arch": "<new/>"}}) == []
    assert compare(as_before, ir_ui_view={8: {"id": 8, "arch": "<b/>"}}) != []
