"""What the demo data promises, read from its files: the databases of the tests have none."""

import re
import xml.etree.ElementTree as ElementTree

from common import ADDONS, manifests

REFERENCE = re.compile(r"ref\('([\w.]+)'\)")


def demo_fields(addon):
    """Return `(external id of the record, field's name, element)` of an addon's demo data."""
    for name in manifests()[addon].get("demo", []):
        for record in ElementTree.parse(ADDONS / addon / name).iter("record"):
            for field in record.iter("field"):
                yield record.get("id"), field.get("name"), field


def with_ours(addon):
    """Return an addon and those of ours that it needs."""
    needed = [name for name in manifests()[addon]["depends"] if name in manifests()]
    return {addon}.union(*map(with_ours, needed))


def test_packs_are_of_units_in_use():
    """Odoo ships the dozen archived; a product's packs of an archived unit are not shown."""
    found = 0
    for addon in manifests():
        units = {
            unit
            for _record, name, field in demo_fields(addon)
            if name == "uom_ids"
            for unit in REFERENCE.findall(field.get("eval"))
        }
        activated = {
            record
            for name in with_ours(addon)
            for record, field_name, field in demo_fields(name)
            if field_name == "active" and field.get("eval") == "True"
        }
        assert units <= activated, addon
        found += len(units)
    assert found
