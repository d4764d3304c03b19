// SPDX-License-Identifier: BSD-3-Clause
// What the catalogues of config/ make of what services say: samples of versions, as servers send them.
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "config/catalogue_load.h"
#include "control/classify/classify.h"
#include "control/classify/product.h"

struct own {
    struct string_table strings;
    struct catalogue_storage storage;
    struct catalogue catalogue;
    struct classifier *classifier;
};

static void own_begin(struct own *own)
{
    memset(own, 0, sizeof(*own));
    cr_assert_eq(string_table_init(&own->strings), 0);
    for (enum catalogue_file kind = 0; kind < CATALOGUE_FILES; kind++) {
        char path[512];
        struct input input;
        struct complaint complaint;
        snprintf(path, sizeof(path), "%s/config/%s", SONDE_TEST_SOURCE_ROOT, catalogue_file_names[kind]);
        cr_assert_eq(input_read(path, 1 << 24, &input, &complaint), 0);
        cr_assert_eq(catalogue_read(&own->storage, kind, path, &input, &own->strings, &complaint), 0, "%s",
                     complaint.text);
        input_fini(&input);
    }
    own->catalogue = (struct catalogue){
        .services = own->storage.services,
        .service_count = own->storage.service_count,
        .findings = own->storage.findings,
        .finding_count = own->storage.finding_count,
        .products = own->storage.products,
        .product_count = own->storage.product_count,
        .conditions = own->storage.conditions,
        .condition_count = own->storage.condition_count,
    };
    own->classifier = classifier_new(&own->catalogue, own->strings.bytes, own->strings.length);
    cr_assert_not_null(own->classifier);
}

static void own_end(struct own *own)
{
    classifier_free(own->classifier);
    catalogue_storage_fini(&own->storage);
    string_table_fini(&own->strings);
}

// What is expected of a sample: name of the product, "" for none, then what is known of it.
struct sample {
    const char *field;
    const char *text;
    const char *name;
    const char *version;
    const char *distribution;
    const char *package;
    const char *cpe; // behind "cpe:2.3:"; NULL: not compared
};

static const struct sample samples[] = {
    {"mysql.version", "5.5.5-10.11.6-MariaDB-0+deb12u1", "mariadb", "10.11.6", "debian", "1:10.11.6-0+deb12u1",
     "a:mariadb:mariadb:10.11.6:*:*:*:*:*:*:*"},
    {"mysql.version", "5.5.5-10.1.48-MariaDB-0+deb9u2-log", "mariadb", "10.1.48", "debian", "1:10.1.48-0+deb9u2", NULL},
    {"mysql.version", "11.4.3-MariaDB-1", "mariadb", "11.4.3", "debian", "1:11.4.3-1", NULL},
    {"mysql.version", "5.5.5-10.6.16-MariaDB-0ubuntu0.22.04.1", "mariadb", "10.6.16", "ubuntu",
     "1:10.6.16-0ubuntu0.22.04.1", NULL},
    {"mysql.version", "5.5.5-10.5.12-MariaDB-1:10.5.12+maria~focal", "mariadb", "10.5.12", "", "", NULL},
    {"mysql.version", "11.4.2-MariaDB-ubu2404", "mariadb", "11.4.2", "", "", NULL},
    {"mysql.version", "5.5.5-10.6.4-MariaDB", "mariadb", "10.6.4", "", "", NULL},
    {"mysql.version", "8.0.36-0ubuntu0.22.04.1", "mysql", "8.0.36", "ubuntu", "8.0.36-0ubuntu0.22.04.1",
     "a:oracle:mysql:8.0.36:*:*:*:*:*:*:*"},
    {"mysql.version", "5.5.62-0+deb8u1-log", "mysql", "5.5.62", "debian", "5.5.62-0+deb8u1", NULL},
    {"mysql.version", "8.4.2", "mysql", "8.4.2", "", "", NULL},
    {"mysql.version", "5.7.44-log", "mysql", "5.7.44", "", "", NULL},
    {"mysql.version", "5.7.44-48-log", "percona_server", "5.7.44-48", "", "",
     "a:percona:percona_server:5.7.44-48:*:*:*:*:*:*:*"},
    {"mysql.version", "8.0.11-TiDB-v7.5.0", "tidb", "7.5.0", "", "", "a:pingcap:tidb:7.5.0:*:*:*:*:*:*:*"},
    {"mysql.version", "8.0.mysql_aurora.3.04.0", "aurora_mysql", "3.04.0", "", "", NULL},
    {"mysql.version", "8.0.30-Vitess", "vitess", "", "", "", NULL},
    {"mysql.version", "5.5.30 (ProxySQL)", "proxysql", "", "", "", NULL},
    {"postgresql.version", "15.5 (Debian 15.5-0+deb12u1)", "postgresql", "15.5", "debian", "15.5-0+deb12u1",
     "a:postgresql:postgresql:15.5:*:*:*:*:*:*:*"},
    {"postgresql.version", "14.11 (Ubuntu 14.11-0ubuntu0.22.04.1)", "postgresql", "14.11", "ubuntu",
     "14.11-0ubuntu0.22.04.1", NULL},
    {"postgresql.version", "9.6.24", "postgresql", "9.6.24", "", "", NULL},
    {"vnc.protocol", "003.889", "remote_desktop", "", "", "", NULL},
    {"vnc.protocol", "005.000", "realvnc", "", "", "", NULL},
    {"vnc.protocol", "003.008", "", "", "", "", NULL},
    {"mssql.version", "15.0.2000.5", "sql_server_2019", "15.0.2000.5", "", "",
     "a:microsoft:sql_server_2019:15.0.2000.5:*:*:*:*:*:*:*"},
    {"mssql.version", "10.50.6000.0", "sql_server_2008_r2", "10.50.6000.0", "", "",
     "a:microsoft:sql_server:2008:r2:*:*:*:*:*:*"},
    {"mssql.version", "99.0.1.2", "", "", "", "", NULL},
    {"mongodb.version", "7.0.12", "mongodb", "7.0.12", "", "", "a:mongodb:mongodb:7.0.12:*:*:*:*:*:*:*"},
    {"x11.vendor", "The X.Org Foundation", "x_server", "", "", "", NULL},
    {"ldap.root_class", "OpenLDAProotDSE", "openldap", "", "", "", "a:openldap:openldap:*:*:*:*:*:*:*:*"},
    {"ldap.vendor_version", "389-Directory/1.4.4.11 B2021.012.1200", "389_directory_server", "1.4.4.11", "", "", NULL},
    {"ldap.functionality", "7", "active_directory", "", "", "", NULL},
    {"amqp.server", "RabbitMQ/3.10.8", "rabbitmq", "3.10.8", "", "", "a:vmware:rabbitmq:3.10.8:*:*:*:*:*:*:*"},
    {"cassandra.release", "4.1.3", "cassandra", "4.1.3", "", "", "a:apache:cassandra:4.1.3:*:*:*:*:*:*:*"},
    {"cassandra.release", "3.0.29-SNAPSHOT", "cassandra", "3.0.29", "", "", NULL},
    {"zookeeper.version", "3.8.0-5a02a05eddb59aee6ac762f7ea82e92a68eb9c0f", "zookeeper", "3.8.0", "", "",
     "a:apache:zookeeper:3.8.0:*:*:*:*:*:*:*"},
    {"dns.version", "9.18.24-1-Debian", "bind", "9.18.24", "debian", "1:9.18.24-1", "a:isc:bind:9.18.24:*:*:*:*:*:*:*"},
    {"dns.version", "9.16.50-1~deb11u2-Debian", "bind", "9.16.50", "debian", "1:9.16.50-1~deb11u2", NULL},
    {"dns.version", "9.18.18-0ubuntu0.22.04.2-Ubuntu", "bind", "9.18.18", "ubuntu", "1:9.18.18-0ubuntu0.22.04.2", NULL},
    {"dns.version", "9.11.4-P2-RedHat-9.11.4-26.P2.el7_9.16", "bind", "9.11.4", "", "", NULL},
    {"dns.version", "dnsmasq-2.89", "dnsmasq", "2.89", "", "", "a:thekelleys:dnsmasq:2.89:*:*:*:*:*:*:*"},
    {"dns.version", "unbound 1.17.1", "unbound", "1.17.1", "", "", NULL},
    {"dns.version", "PowerDNS Recursor 4.8.8 (built ...)", "recursor", "4.8.8", "", "", NULL},
    {"dns.version", "none of your business", "", "", "", "", NULL},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.96 Thu, 26 Nov 2026 07:00:00 +0000", "exim", "4.96", "", "", NULL},
    {"smtp.greeting", "220-mx.example ESMTP Exim 4.97.1\r\n220 hello", "exim", "4.97.1", "", "", NULL},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.96x", "", "", "", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP Postfix (Debian/GNU)", "postfix", "", "debian", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP Postfix (Ubuntu)", "postfix", "", "ubuntu", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP Postfix (3.7.11)", "postfix", "3.7.11", "", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP Postfix", "postfix", "", "", "", NULL},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.94.2 Ubuntu Thu, 26 Nov 2026", "exim", "4.94.2", "ubuntu", "", NULL},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.90_1 Ubuntu Thu, 26 Nov 2026", "exim", "4.90.1", "ubuntu", "", NULL},
    {"smtp.greeting", "220 mx.example ESMTP Exim 4.84_2 Thu, 26 Nov 2026", "exim", "4.84.2", "", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP Postfixed", "", "", "", "", NULL},
    {"smtp.greeting", "220 mail.example ESMTP NotPostfix", "", "", "", "", NULL},
    {"smtp.greeting", "220 a.example ESMTP Sendmail 8.17.1.9/8.17.1.9/Debian-2; Thu", "sendmail", "8.17.1.9", "", "",
     NULL},
    {"smtp.greeting", "220 a.example ESMTP OpenSMTPD", "opensmtpd", "", "", "", NULL},
    {"smtp.greeting", "220 a Microsoft ESMTP MAIL Service, Version: 10.0.14393.4169 ready", "smtp_service",
     "10.0.14393.4169", "", "", NULL},
    {"ftp.greeting", "220 (vsFTPd 3.0.3)", "vsftpd", "3.0.3", "", "", NULL},
    {"ftp.greeting", "220 (myvsFTPd 3.0.3)", "", "", "", "", NULL},
    {"ftp.greeting", "220 ProFTPD 1.3.5b Server (x) [10.1.2.3]", "proftpd", "1.3.5b", "", "", NULL},
    {"ftp.greeting", "220 ProFTPD 1.3.8rc2 Server (x) [10.1.2.3]", "proftpd", "1.3.8rc2", "", "", NULL},
    {"ftp.greeting", "220 ProFTPD 1.3.5e Server (Debian) [::ffff:10.1.2.3]", "proftpd", "1.3.5e", "debian", "", NULL},
    {"ftp.greeting", "220 ProFTPD Server (Debian) [::ffff:10.1.2.3]", "proftpd", "", "", "", NULL},
    {"ftp.greeting", "220 localhost FTP server (GNU inetutils 2.4) ready.", "inetutils", "2.4", "", "", NULL},
    {"ftp.greeting", "220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------", "pure-ftpd", "", "", "", NULL},
    {"ftp.greeting", "220-FileZilla Server 1.8.2\r\n220 Please", "filezilla_server", "1.8.2", "", "", NULL},
    {"ftp.greeting", "220 Microsoft FTP Service", "ftp_service", "", "", "", NULL},
    {"imap.greeting", "* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready.", "dovecot", "", "", "", NULL},
    {"imap.greeting", "* OK mail.example Cyrus IMAP v2.4.17-Debian server ready", "imap", "2.4.17", "", "", NULL},
    {"imap.id_name", "Dovecot Pro", "", "", "", "", NULL},
    {"pop3.greeting", "+OK Dovecot ready.", "dovecot", "", "", "", NULL},
    {"redis.version", "7.0.15", "redis", "7.0.15", "", "", NULL},
    {"redis.server_version", "8.0.1", "valkey", "8.0.1", "", "", NULL},
    {"memcached.version", "1.6.18", "memcached", "1.6.18", "", "", NULL},
    {"elasticsearch.version", "7.17.9", "elasticsearch", "7.17.9", "", "",
     "a:elastic:elasticsearch:7.17.9:*:*:*:*:*:*:*"},
    {"elasticsearch.version", "8.0.0-rc1", "elasticsearch", "8.0.0", "", "", NULL},
    {"elasticsearch.opensearch_version", "2.11.0", "opensearch", "2.11.0", "", "", NULL},
    {"docker.version", "20.10.24+dfsg1", "docker", "20.10.24", "", "", "a:docker:docker:20.10.24:*:*:*:*:*:*:*"},
    {"docker.version", "17.03.2-ce", "docker", "17.03.2", "", "", NULL},
    {"docker.version", "dev", "", "", "", "", NULL},
    {"docker.podman_version", "4.3.1", "podman", "4.3.1", "", "", NULL},
    {"etcd.version", "3.4.23", "etcd", "3.4.23", "", "", "a:etcd:etcd:3.4.23:*:*:*:*:*:*:*"},
    {"etcd.version", "3.5.0-rc.1", "etcd", "3.5.0", "", "", NULL},
    {"kubernetes.version", "v1.24.17-eks-4f4795d", "kubernetes", "1.24.17", "", "", NULL},
    {"kubernetes.version", "v1.27.3+k3s1", "kubernetes", "1.27.3", "", "",
     "a:kubernetes:kubernetes:1.27.3:*:*:*:*:*:*:*"},
    {"kubernetes.version", "vx1.2", "", "", "", "", NULL},
    {"consul.version", "1.15.2", "consul", "1.15.2", "", "", "a:hashicorp:consul:1.15.2:*:*:*:*:*:*:*"},
    {"consul.version", "1.15.2+ent", "consul", "1.15.2", "", "", NULL},
    {"clickhouse.version", "22.8.15.23", "clickhouse", "22.8.15.23", "", "", NULL},
    {"imap.id_name", "Dovecot", "dovecot", "", "", "", NULL},
    {"mysql.version", "5.7.25-OceanBase_CE-v4.2.1.0", "oceanbase", "4.2.1.0", "", "", NULL},
    {"mssql.version", "17.0.1000.6", "sql_server_2025", "17.0.1000.6", "", "", NULL},
    {"mssql.version", "16.0.1000.6", "sql_server_2022", "16.0.1000.6", "", "", NULL},
    {"mssql.version", "14.0.1000.6", "sql_server_2017", "14.0.1000.6", "", "", NULL},
    {"mssql.version", "13.0.1000.6", "sql_server_2016", "13.0.1000.6", "", "", NULL},
    {"mssql.version", "12.0.1000.6", "sql_server_2014", "12.0.1000.6", "", "", NULL},
    {"mssql.version", "11.0.1000.6", "sql_server_2012", "11.0.1000.6", "", "", NULL},
    {"mssql.version", "10.0.6000.29", "sql_server_2008", "10.0.6000.29", "", "", NULL},
    {"mssql.version", "9.0.1000.6", "sql_server_2005", "9.0.1000.6", "", "", NULL},
    {"mssql.version", "8.0.1000.6", "sql_server_2000", "8.0.1000.6", "", "", NULL},
    {"ldap.vendor_name", "Samba Team (https://www.samba.org)", "samba", "", "", "", NULL},
    {"amqp.server", "LavinMQ/1.2.9", "lavinmq", "1.2.9", "", "", NULL},
    {"amqp.server", "qpid-cpp/1.39.0", "qpid-cpp", "1.39.0", "", "", NULL},
    {"dns.version", "PowerDNS Authoritative Server 4.7.3 (built Jan)", "authoritative_server", "4.7.3", "", "", NULL},
    {"dns.version", "Microsoft DNS 10.0.17763 (4563)", "dns_server", "10.0.17763", "", "", NULL},
    {"dns.version", "NSD 4.6.1", "nsd", "4.6.1", "", "", NULL},
    {"dns.version", "Knot DNS 3.2.6", "knot_dns", "3.2.6", "", "", NULL},
    {"rtsp.server", "VLC/3.0.18", "vlc_media_player", "3.0.18", "", "", NULL},
    {"rtsp.server", "GStreamer RTSP server", "gst-rtsp-server", "", "", "", NULL},
    {"rtsp.server", "Unknown", "", "", "", "", NULL},
    {"telnet.banner", "\r\nBusyBox v1.19.4 built-in shell (ash)\r\n# ", "busybox", "1.19.4", "", "", NULL},
    {"telnet.banner", "\r\nMikroTik v6.49.10 (long-term)\r\nLogin: ", "routeros", "6.49.10", "", "", NULL},
    {"telnet.banner", "\r\nDebian GNU/Linux 12\r\nmx login: ", "", "", "", "", NULL},
    {"rtsp.server", "gortsplib", "mediamtx", "", "", "", NULL},
    {"rtsp.server", "Hikvision Rtsp Server", "ip_camera", "", "", "", NULL},
    {"rtsp.server", "Rtsp Server/3.0", "rtsp_server", "3.0", "", "", NULL},
    {"telnet.banner", "\r\nUser Access Verification\r\n\r\nPassword: ", "ios", "", "", "", NULL},
    {"mysql.version", "Y.Z 8.0.36", "", "", "", "", NULL},
};

static const char *of(const struct text *text)
{
    return text_of(text);
}

Test(services, versions_as_servers_send_them)
{
    struct own own;
    struct observation observation;
    own_begin(&own);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const struct sample *sample = &samples[i];
        const struct field *field = field_find(sample->field);
        cr_assert_not_null(field, "%s", sample->field);
        learn_word(&observation, field, sample->text);
        classify(own.classifier, &observation, 1000);
        cr_assert_eq(observation_has(&observation, PART_product), sample->name[0] != '\0', "%s", sample->text);
        if (observation_has(&observation, PART_product)) {
            const struct product_observation *product = observation.product;
            cr_expect_str_eq(of(&product->name), sample->name, "%s: %s", sample->text, of(&product->name));
            cr_expect_str_eq(of(&product->version), sample->version, "%s: %s", sample->text, of(&product->version));
            cr_expect_str_eq(of(&product->distribution), sample->distribution, "%s: %s", sample->text,
                             of(&product->distribution));
            cr_expect_str_eq(of(&product->package_version), sample->package, "%s: %s", sample->text,
                             of(&product->package_version));
            if (sample->cpe != NULL)
                cr_expect(strncmp(of(&product->cpe), "cpe:2.3:", 8) == 0 &&
                              strcmp(of(&product->cpe) + 8, sample->cpe) == 0,
                          "%s: %s", sample->text, of(&product->cpe));
        }
        observation_reset(&observation);
    }
    observation_fini(&observation);
    own_end(&own);
}

// Whether this rule alone makes something of a sample.
static bool rule_has_sample(const struct own *own, size_t rule)
{
    const struct catalogue one = {.products = own->storage.products + rule, .product_count = 1};
    struct product_rules *rules = product_rules_new(&one, own->strings.bytes, own->strings.length);
    struct observation observation;
    bool found = false;
    cr_assert_not_null(rules);
    observation_init(&observation);
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]) && !found; i++) {
        learn_word(&observation, field_find(samples[i].field), samples[i].text);
        product_learn(rules, &observation);
        found = observation_has(&observation, PART_product);
        observation_reset(&observation);
    }
    observation_fini(&observation);
    product_rules_free(rules);
    return found;
}

// Those of SSH and HTTP have theirs in test_product.c.
Test(services, every_rule_has_a_sample)
{
    struct own own;
    own_begin(&own);
    for (size_t rule = 0; rule < own.storage.product_count; rule++) {
        const char *field = own.strings.bytes + own.storage.products[rule].field;
        if (strncmp(field, "ssh.", 4) != 0 && strncmp(field, "http.", 5) != 0)
            cr_expect(rule_has_sample(&own, rule), "%s: %s", field,
                      own.strings.bytes + own.storage.products[rule].pattern);
    }
    own_end(&own);
}
