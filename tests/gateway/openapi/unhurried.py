"""Hooks for schemathesis: it takes what it made up, and does not climb towards inputs that are accepted more often.

The climb has no bound of its own: with some seeds it went on for minutes at one operation.
"""

import hypothesis

hypothesis.target = lambda *observation, **label: None
