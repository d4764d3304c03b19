// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every session there is. A row X(name) names the const table session_name in a file of probes/protocol. Where two
// recognise the same bytes the first row has them.

#include <stddef.h>

#include "probes/session/session.h"

#define SESSIONS(X)                                                                                                    \
    X(listen)                                                                                                          \
    X(tls)                                                                                                             \
    X(tls_version)                                                                                                     \
    X(tls_openssl)                                                                                                     \
    X(ssh)                                                                                                             \
    X(redis)                                                                                                           \
    X(rsync)                                                                                                           \
    X(memcached)                                                                                                       \
    X(smtp)                                                                                                            \
    X(ftp)                                                                                                             \
    X(pop3)                                                                                                            \
    X(imap)                                                                                                            \
    X(mysql)                                                                                                           \
    X(postgresql)                                                                                                      \
    X(vnc)                                                                                                             \
    X(mssql)                                                                                                           \
    X(mongodb)                                                                                                         \
    X(rdp)                                                                                                             \
    X(smb)                                                                                                             \
    X(x11)                                                                                                             \
    X(ldap)                                                                                                            \
    X(mqtt)                                                                                                            \
    X(amqp)                                                                                                            \
    X(cassandra)                                                                                                       \
    X(zookeeper)                                                                                                       \
    X(dns)                                                                                                             \
    X(socks)                                                                                                           \
    X(rtsp)                                                                                                            \
    X(telnet)                                                                                                          \
    X(xmpp)                                                                                                            \
    X(http2)                                                                                                           \
    X(http)                                                                                                            \
    X(clickhouse)                                                                                                      \
    X(consul)                                                                                                          \
    X(docker)                                                                                                          \
    X(elasticsearch)                                                                                                   \
    X(etcd)                                                                                                            \
    X(kubelet)                                                                                                         \
    X(kubernetes)                                                                                                      \
    X(winrm)

#define SESSION_DECLARE(name) extern const struct session_ops session_##name;
SESSIONS(SESSION_DECLARE)
#undef SESSION_DECLARE

// The row of that number, from 0; NULL after the last.
const struct session_ops *session_row(size_t row);

// The service that a session's servers are.
const char *session_service(const struct session_ops *ops);

// The bit of a session in the masks of struct trials.
uint64_t session_bit(const struct session_ops *ops);
