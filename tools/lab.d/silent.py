# SPDX-License-Identifier: BSD-3-Clause
"""Accepts every connection that TPROXY hands over, whatever its port, and never says a word: silent.py ADDRESS PORT."""

import asyncio
import socket
import sys

IP_TRANSPARENT = 19  # linux/in.h


async def listen_only(reader, writer):
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(address, port):
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
    listener.bind((address, port))
    server = await asyncio.start_server(listen_only, sock=listener, backlog=1024)
    await server.serve_forever()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
