"""What holds for every test."""

from hypothesis import Phase, settings

# The same examples on every run, and no failure because another process had the processor.
settings.register_profile("captcha", deadline=None, derandomize=True)

# For `make mutate`, which runs them thousands of times and only asks whether they fail.
settings.register_profile(
    "mutation", settings.get_profile("captcha"), max_examples=15, phases=[Phase.explicit, Phase.generate], database=None
)
settings.load_profile("captcha")
