# SPDX-License-Identifier: BSD-3-Clause
"""A server on port 2222 of every address of a namespace that greets with the namespace's name: lan.py NAME."""
import socket
import sys

server = socket.create_server(("0.0.0.0", 2222), backlog=4096)
while True:
    connection, _ = server.accept()
    try:
        connection.sendall(sys.argv[1].encode() + b"\r\n")
        connection.close()
    except OSError:
        pass
