from . import erp_export, erp_notes, order, promise, registration
