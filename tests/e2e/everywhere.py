# SPDX-License-Identifier: BSD-3-Clause
"""Answers every connection in words that are nobody's: everywhere.py ADDRESS:PORT..."""

import asyncio
import sys


async def serve(_reader, writer):
    try:
        writer.write(b"welcome, and who are you?\r\n")
        await writer.drain()
        await asyncio.sleep(1)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(places):
    for place in places:
        address, _, port = place.rpartition(":")
        await asyncio.start_server(serve, address, int(port), backlog=1024)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1:]))
