// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Every part of a record, in the order in which it is written. A protocol adds its header and its row here.

#include "probes/observation/amqp.h"
#include "probes/observation/cassandra.h"
#include "probes/observation/clickhouse.h"
#include "probes/observation/consul.h"
#include "probes/observation/dns.h"
#include "probes/observation/docker.h"
#include "probes/observation/elasticsearch.h"
#include "probes/observation/etcd.h"
#include "probes/observation/ftp.h"
#include "probes/observation/http.h"
#include "probes/observation/imap.h"
#include "probes/observation/kubelet.h"
#include "probes/observation/kubernetes.h"
#include "probes/observation/ldap.h"
#include "probes/observation/memcached.h"
#include "probes/observation/mongodb.h"
#include "probes/observation/mqtt.h"
#include "probes/observation/mssql.h"
#include "probes/observation/mysql.h"
#include "probes/observation/place.h"
#include "probes/observation/pop3.h"
#include "probes/observation/postgresql.h"
#include "probes/observation/product.h"
#include "probes/observation/rdp.h"
#include "probes/observation/redis.h"
#include "probes/observation/reputation.h"
#include "probes/observation/root.h"
#include "probes/observation/rsync.h"
#include "probes/observation/rtsp.h"
#include "probes/observation/smb.h"
#include "probes/observation/smtp.h"
#include "probes/observation/socks.h"
#include "probes/observation/ssh.h"
#include "probes/observation/telnet.h"
#include "probes/observation/tls.h"
#include "probes/observation/vnc.h"
#include "probes/observation/vulnerabilities.h"
#include "probes/observation/winrm.h"
#include "probes/observation/x11.h"
#include "probes/observation/xmpp.h"
#include "probes/observation/zookeeper.h"

// X(part, fields, help). The first is the record itself, whose fields stand outside any object.
#define PARTS(X)                                                                                                       \
    X(root, ROOT_FIELDS, "who was asked and what is there")                                                            \
    X(product, PRODUCT_FIELDS, "the server software, as its banner names it")                                          \
    X(vulnerabilities, VULNERABILITIES_FIELDS, "what is known to be wrong with that software")                         \
    X(reputation, REPUTATION_FIELDS, "what is known of the address")                                                   \
    X(place, PLACE_FIELDS, "where the address is")                                                                     \
    X(ssh, SSH_FIELDS, "SSH")                                                                                          \
    X(tls, TLS_FIELDS, "TLS and the certificate")                                                                      \
    X(http, HTTP_FIELDS, "HTTP")                                                                                       \
    X(redis, REDIS_FIELDS, "Redis")                                                                                    \
    X(memcached, MEMCACHED_FIELDS, "memcached")                                                                        \
    X(rsync, RSYNC_FIELDS, "rsync")                                                                                    \
    X(smtp, SMTP_FIELDS, "mail transfer (SMTP)")                                                                       \
    X(ftp, FTP_FIELDS, "FTP")                                                                                          \
    X(pop3, POP3_FIELDS, "POP3")                                                                                       \
    X(imap, IMAP_FIELDS, "IMAP")                                                                                       \
    X(mysql, MYSQL_FIELDS, "MySQL and MariaDB")                                                                        \
    X(postgresql, POSTGRESQL_FIELDS, "PostgreSQL")                                                                     \
    X(vnc, VNC_FIELDS, "VNC")                                                                                          \
    X(mssql, MSSQL_FIELDS, "Microsoft SQL Server")                                                                     \
    X(mongodb, MONGODB_FIELDS, "MongoDB")                                                                              \
    X(rdp, RDP_FIELDS, "Windows Remote Desktop")                                                                       \
    X(smb, SMB_FIELDS, "Windows file sharing (SMB)")                                                                   \
    X(x11, X11_FIELDS, "X Window System")                                                                              \
    X(ldap, LDAP_FIELDS, "LDAP")                                                                                       \
    X(mqtt, MQTT_FIELDS, "MQTT")                                                                                       \
    X(amqp, AMQP_FIELDS, "AMQP")                                                                                       \
    X(cassandra, CASSANDRA_FIELDS, "Cassandra")                                                                        \
    X(zookeeper, ZOOKEEPER_FIELDS, "ZooKeeper")                                                                        \
    X(dns, DNS_FIELDS, "DNS")                                                                                          \
    X(socks, SOCKS_FIELDS, "SOCKS")                                                                                    \
    X(rtsp, RTSP_FIELDS, "RTSP")                                                                                       \
    X(telnet, TELNET_FIELDS, "Telnet")                                                                                 \
    X(elasticsearch, ELASTICSEARCH_FIELDS, "Elasticsearch and OpenSearch")                                             \
    X(docker, DOCKER_FIELDS, "Docker Engine API")                                                                      \
    X(etcd, ETCD_FIELDS, "etcd")                                                                                       \
    X(kubernetes, KUBERNETES_FIELDS, "Kubernetes API server")                                                          \
    X(kubelet, KUBELET_FIELDS, "Kubernetes node agent")                                                                \
    X(consul, CONSUL_FIELDS, "Consul")                                                                                 \
    X(clickhouse, CLICKHOUSE_FIELDS, "ClickHouse")                                                                     \
    X(winrm, WINRM_FIELDS, "Windows Remote Management")                                                                \
    X(xmpp, XMPP_FIELDS, "XMPP")

// Parts of which another part holds rows. X(part, fields, help)
#define NESTED_PARTS(X)                                                                                                \
    X(listing, LISTING_FIELDS, "a listing of a malicious address")                                                     \
    X(cve, CVE_FIELDS, "a known vulnerability")                                                                        \
    X(tls_version, TLS_VERSION_FIELDS, "a version of TLS")                                                             \
    X(tls_certificate, TLS_CERTIFICATE_FIELDS, "a certificate of a chain")                                             \
    X(ssh_key, SSH_KEY_FIELDS, "a host key of SSH")                                                                    \
    X(http_header, HTTP_HEADER_FIELDS, "a header of an answer of HTTP")                                                \
    X(component, PRODUCT_FIELDS, "software that the server's banner names beside the server")

enum part_id {
#define X(part, fields, help) PART_##part,
    PARTS(X)
#undef X
        PART_COUNT,
    PART_NESTED = 255
};
extern const struct part *const parts[PART_COUNT];

// The field of a path, "ssh.software" or, of the record itself, "service". NULL when there is none.
const struct field *field_find(const char *path);

// A path for a field of parts: "ssh.software". Returns its length.
size_t field_path(const struct field *field, char *ret_path, size_t capacity);

// A number that changes with any part, field or kind: two programs with the same one mean the same by an index.
uint64_t parts_digest(void);
