"""What holds for every test."""

from hypothesis import settings

# The same examples on every run, and no failure because another process had the processor.
settings.register_profile("captcha", deadline=None, derandomize=True)
settings.load_profile("captcha")
