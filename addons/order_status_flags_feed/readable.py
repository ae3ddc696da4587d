"""What a domain names, and whether a user may read it."""

from collections.abc import Collection

from odoo.fields import Domain

NESTED = ("any", "not any")


def iter_fields(model, domain):
    """Yield the fields that a domain names: along its paths, and in domains within it.

    :param model: what is searched
    :param Domain domain: not optimized, which would forget what was typed
    """
    for condition in domain.iter_conditions():
        place = model
        for name in condition.field_expr.split("."):
            # The part of a date, or a property.
            if place is None:
                break
            field = place._fields[name]
            yield field
            place = place.env[field.comodel_name] if field.relational else None
        if place is not None and condition.operator in NESTED:
            yield from iter_fields(place, Domain(condition.value))


def find_unreadable(model, domain):
    """Return the first path of a domain that names what the user may not read, or None.

    Looked at are the groups of each field along the path, and the rights on each model.

    :param model: what is searched, with the user's environment
    :param Domain domain: not optimized, which would forget what was typed
    """
    for condition in domain.iter_conditions():
        if found := _find_in_condition(model, condition):
            return found
    return None


def _find_in_condition(model, condition):
    path, operator, value = condition.field_expr, condition.operator, condition.value
    for name in path.split("."):
        # The part of a date, or a property.
        if model is None:
            return None
        field = model._fields[name]
        if not (model.has_access("read") and model._has_field_access(field, "read")):
            return path
        model = model.env[field.comodel_name] if field.relational else None
    if model is not None and operator in NESTED:
        found = find_unreadable(model, Domain(value))
        return found and f"{path}.{found}"
    # By a name of theirs.
    if model is not None and _has_text(value) and not model.has_access("read"):
        return path
    return None


def _has_text(value):
    values = value if isinstance(value, Collection) else [value]
    return any(isinstance(one, str) for one in values)
