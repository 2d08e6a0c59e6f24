"""An agent: asks the MCP server at an address for its tools, has a picture read, and prints both as JSON.

Run by test_mcp.py in an environment that has the package `mcp`, which that of the tests has not.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path

from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client


async def main(address: str, picture: Path) -> None:
    url = f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
    async with streamablehttp_client(address) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        [reader] = [name for name in tools if name.endswith("read_captcha")]
        given = next(iter(tools[reader].inputSchema["properties"]))
        answer = await session.call_tool(reader, {given: url})
        refused = await session.call_tool(reader, {given: "http://127.0.0.1:1/secret.png"})
    told = {name: tool.description for name, tool in tools.items()}
    texts = [[getattr(part, "text", "") for part in result.content] for result in (answer, refused)]
    print(json.dumps({"tools": told, "given": given, "answer": texts[0], "refused": [refused.isError, texts[1]]}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
