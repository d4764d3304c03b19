# SPDX-License-Identifier: BSD-3-Clause
"""Honest hosts and hosts that take their time, told apart by the address that was asked: slow.py HONEST_NETWORK
[ADDRESS:]PORT... An honest host answers HTTP at once. Others say nothing for 4.5 s, and then a byte a second of a page that never ends;
on port 28022, a short line a second that is nobody's."""

import asyncio
import ipaddress
import sys

PAGE = b"<title>Honest</title>"
ANSWER = b"HTTP/1.1 200 OK\r\nServer: honest/1.0\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(PAGE), PAGE)
SLOW = b"HTTP/1.1 200 OK\r\nX-Slow: "


async def honest(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    await writer.drain()


async def slow(_reader, writer):
    await asyncio.sleep(4.5)
    writer.write(SLOW)
    while True:
        await writer.drain()
        await asyncio.sleep(1)
        writer.write(b"x")


async def tarpit(_reader, writer):
    while True:
        writer.write(b"x\r\n")
        await writer.drain()
        await asyncio.sleep(1)


async def main(network, ports):
    async def serve(reader, writer):
        address, port = writer.get_extra_info("sockname")[:2]
        company = tarpit if port == 28022 else slow
        try:
            await (honest if ipaddress.ip_address(address) in network else company)(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    for port in ports:
        address, _, number = port.rpartition(":")
        await asyncio.start_server(serve, address or "0.0.0.0", int(number), backlog=4096)
    await asyncio.Event().wait()


asyncio.run(main(ipaddress.ip_network(sys.argv[1]), sys.argv[2:]))
