# SPDX-License-Identifier: BSD-3-Clause
"""A server on libssh, which ships none: ssh_libssh.py ADDRESS PORT HOST_KEY METHOD... It names the methods and lets nobody in,
but with the method `none`, when it lets anybody in and then hangs up."""

import ctypes
import os
import signal
import sys

LIBRARY = ctypes.CDLL("libssh.so.4")
BINDADDR, BINDPORT, HOSTKEY = 0, 1, 3  # enum ssh_bind_options_e
METHODS = {"none": 0x1, "password": 0x2, "publickey": 0x4, "hostbased": 0x8, "keyboard-interactive": 0x10}
AUTH_REQUEST = 1  # enum ssh_requests_e: SSH_REQUEST_AUTH
NONE = 0x1

for function in ("ssh_bind_new", "ssh_new", "ssh_message_get"):
    getattr(LIBRARY, function).restype = ctypes.c_void_p


def pointer(value):
    return ctypes.c_void_p(value)


def answer(message, methods):
    """True when the one who asks was let in."""
    if LIBRARY.ssh_message_type(message) == AUTH_REQUEST:
        if methods & NONE and LIBRARY.ssh_message_subtype(message) == NONE:
            LIBRARY.ssh_message_auth_reply_success(message, 0)
            return True
        LIBRARY.ssh_message_auth_set_methods(message, methods & ~NONE)
    LIBRARY.ssh_message_reply_default(message)
    return False


def serve(session, methods):
    signal.alarm(60)
    if LIBRARY.ssh_handle_key_exchange(session) != 0:
        return
    let_in = False
    while not let_in:
        message = LIBRARY.ssh_message_get(session)
        if not message:
            return
        let_in = answer(pointer(message), methods)
        LIBRARY.ssh_message_free(pointer(message))
    LIBRARY.ssh_disconnect(session)


def main():
    address, port, key, *names = sys.argv[1:]
    methods = sum(METHODS[name] for name in names)
    bind = pointer(LIBRARY.ssh_bind_new())
    LIBRARY.ssh_bind_options_set(bind, BINDADDR, address.encode())
    LIBRARY.ssh_bind_options_set(bind, BINDPORT, ctypes.byref(ctypes.c_uint(int(port))))
    LIBRARY.ssh_bind_options_set(bind, HOSTKEY, key.encode())
    if LIBRARY.ssh_bind_listen(bind) != 0:
        sys.exit("cannot listen")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        session = pointer(LIBRARY.ssh_new())
        if LIBRARY.ssh_bind_accept(bind, session) == 0 and os.fork() == 0:
            serve(session, methods)
            os._exit(0)
        LIBRARY.ssh_free(session)


main()
