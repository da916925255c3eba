"""The shared look. Pages compose these; no page carries a class of its own, and nothing here knows a rule."""
