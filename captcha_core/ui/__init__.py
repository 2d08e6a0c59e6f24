"""The web page. The only part of the package that imports Gradio; it reads through a recogniser and knows no model.

One file per tab, ``theme.py`` for the looks, ``blocks.py`` to join and launch them. The page answers to pictures that
people already have; nothing here opens a connection to another host.
"""

import os

# Gradio's MCP server calls its own page through gradio_client, which else tells Hugging Face about every start.
# It is read when huggingface_hub is imported, which importing Gradio does.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
