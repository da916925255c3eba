"""Sample data for trying the product out; only in demo mode. A file a subject, run in the order of `load`."""
