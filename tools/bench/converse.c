// SPDX-License-Identifier: BSD-3-Clause
// Conversations of one core of sonde-control, from verdict to record, with the servers of simnet: a lane as it is, its
// channel, and simnet's TCP and personalities behind it. Beside them, in the same run, what they cannot do without.
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bench/bare.h"
#include "tools/bench/ground.h"
#include "tools/bench/lane_rig.h"
#include "tools/bench/rig.h"
#include "tools/simnet/server.h"

enum { OPEN_AT_ONCE = 1024, OPEN_BANNERS = 16384, OPEN_TLS = 10000, OPEN_FLOWS = 100000, CONNECTIONS = 131072 };
#define OPEN_BYTES_MOST 1e9 // of OPEN_FLOWS without TLS

static const char PAGE[] =
    "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n<style>\nbody {\n"
    "width: 35em;\nmargin: 0 auto;\nfont-family: Tahoma, Verdana, Arial, sans-serif;\n}\n</style>"
    "\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n<p>If you see this page, the nginx web server "
    "is successfully installed and\nworking. Further configuration is required.</p>\n";

enum service_index {
    SERVICE_HTTP = 0,
    SERVICE_BANNER,
    SERVICE_SSH,
    SERVICE_TLS13,
    SERVICE_TLS12,
    SERVICE_TLS13_ONE,
    SERVICE_MUTE,
    SERVICE_SILENT,
    SERVICE_SMTP,
    SERVICE_REDIS,
    SERVICES
};

// Pools of keys as a real network has them: certificates that were not seen a moment ago; and one for all of its hosts,
// as a provider's front ends have it.
static struct population_service services_said[SERVICES] = {
    [SERVICE_HTTP] = {.name = "http", .speaks = "http", .server = "nginx/1.22.1"},
    [SERVICE_BANNER] = {.name = "banner",
                        .speaks = "banner",
                        .banner = "220 mail.example ESMTP Postfix (Debian/GNU)\r\n"},
    [SERVICE_SSH] = {.name = "ssh", .speaks = "ssh", .banner = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", .keys = 256},
    [SERVICE_TLS13] = {.name = "tls13", .speaks = "tls13", .key = "ecdsa", .keys = 256, .inside = "http"},
    [SERVICE_TLS12] = {.name = "tls12", .speaks = "tls", .key = "ecdsa", .keys = 256, .inside = "http"},
    [SERVICE_TLS13_ONE] = {.name = "one", .speaks = "tls13", .key = "ecdsa", .inside = "http"},
    [SERVICE_MUTE] = {.name = "mute", .speaks = "tls13", .key = "ecdsa", .keys = 256},
    [SERVICE_SILENT] = {.name = "silent", .speaks = "mute"},
    [SERVICE_SMTP] = {.name = "smtp",
                      .speaks = "lines",
                      .banner = "220 mail.example ESMTP Postfix (Debian/GNU)\r\n",
                      .answers = "{\"EHLO\":\"250-mail.example\\r\\n250-PIPELINING\\r\\n250 8BITMIME\\r\\n\","
                                 "\"QUIT\":\"221 2.0.0 Bye\\r\\n\"}"},
    [SERVICE_REDIS] = {.name = "redis",
                       .speaks = "lines",
                       .answers = "{\"PING\":\"-NOAUTH Authentication required.\\r\\n\",\"QUIT\":\"+OK\\r\\n\"}"},
};

static const struct kind {
    const char *name;
    enum service_index service;
    uint16_t port;
    uint64_t open;
    double bar;   // conversations a second
    double ratio; // of what it is held to
    bool matrix;  // every version of TLS is asked for, as a scan does unless told otherwise
} KINDS[] = {
    {"banner", SERVICE_BANNER, 21, OPEN_BANNERS, 200000, 0, false},
    {"smtp", SERVICE_SMTP, 25, OPEN_AT_ONCE, 200000, 0, false},
    {"redis", SERVICE_REDIS, 6379, OPEN_AT_ONCE, 200000, 0, false},
    {"http", SERVICE_HTTP, 80, OPEN_AT_ONCE, 279000, 0, false},
    {"ssh", SERVICE_SSH, 22, OPEN_AT_ONCE, 0, 0.8, false},
    {"tls13", SERVICE_TLS13, 443, OPEN_AT_ONCE, 6000, 0, false},
    {"tls13_one", SERVICE_TLS13_ONE, 443, OPEN_AT_ONCE, 6000, 0, false},
    {"tls12", SERVICE_TLS12, 443, OPEN_AT_ONCE, 0, 0.9, false},
    {"tls13_matrix", SERVICE_TLS13, 443, OPEN_AT_ONCE, 0, 0, true},
    {"tls12_matrix", SERVICE_TLS12, 443, OPEN_AT_ONCE, 0, 0, true},
};
enum { KIND_COUNT = sizeof(KINDS) / sizeof(KINDS[0]) };

// simnet's servers behind the channel of a rig.
struct town {
    struct service *services;
    const struct service *service; // of this kind
    struct crypto *crypto;
    struct server *server;
    struct lane_rig *rig;
};

static uint32_t host_of(uint32_t address)
{
    return address * UINT32_C(0x85ebca6b);
}

static uint32_t isn_of(uint32_t address)
{
    return server_isn(host_of(address), LANE_RIG_CLIENT_ISN);
}

static const struct service *service_find(void *context, const struct server_way *way)
{
    const struct town *town = context;
    (void)way;
    return town->service;
}

static void segment_send(void *context, const struct server_way *way, const struct server_segment *segment)
{
    const struct town *town = context;
    const struct segment to = {.address = way->address, .remote_port = way->port, .local_port = way->client_port};
    const struct lane_rig_words words = {segment->seq, segment->ack, segment->flags, segment->payload,
                                         segment->payload_bytes};
    lane_rig_say(town->rig, &to, &words);
}

// A SYN has no number yet: the dataplane gives it one, and the answer tells control.
static void town_hear(struct lane_rig *rig, const struct segment *request)
{
    struct town *town = rig->setup.context;
    const struct server_way way = {.client = LANE_RIG_SOURCE,
                                   .address = request->address,
                                   .client_port = request->local_port,
                                   .port = request->remote_port,
                                   .host = host_of(request->address)};
    if (request->flags & TCP_SYN) {
        const struct lane_rig_words words = {
            .seq = isn_of(request->address), .ack = LANE_RIG_CLIENT_ISN + 1, .flags = TCP_SYN | TCP_ACK};
        lane_rig_say(rig, request, &words);
        return;
    }
    const struct server_segment segment = {.seq = request->seq,
                                           .ack = request->ack,
                                           .window = request->window,
                                           .flags = request->flags,
                                           .payload = request->payload,
                                           .payload_bytes = request->payload_length};
    (void)server_take(town->server, &way, &segment, 0);
}

static bool town_init(struct town *town, struct lane_rig *rig, const struct kind *kind, struct bench_outcome *outcome)
{
    static char catalogues[PATH_MAX];
    char error[256];
    static char plan[512];
    snprintf(plan, sizeof(plan),
             "{\"targets\":[\"10.0.0.0/12\"],\"allow_reserved\":[\"10.0.0.0/8\"],\"services\":[21,22,25,80,443,6379],"
             "\"rate\":\"1 Gpps\",\"network_rate\":\"1 Gpps\",\"converse_rate\":\"1 Gpps\",\"host_rate\":\"1 Mpps\","
             "\"max_open\":1000000,\"contact\":\"bench@example.org\","
             "\"tls_matrix\":%s}",
             kind->matrix ? "true" : "false");
    ground_catalogues(catalogues);
    const struct lane_rig_setup setup = {
        .plan = plan, .catalogues = catalogues, .port = kind->port, .isn = isn_of, .hear = town_hear, .context = town};
    const struct server_setup server = {.connections = CONNECTIONS,
                                        .retry_ticks = 1,
                                        .crypto = town->crypto,
                                        .context = town,
                                        .find = service_find,
                                        .send = segment_send};
    town->rig = rig;
    town->service = &town->services[kind->service];
    town->server = server_new(&server);
    if (town->server == NULL || lane_rig_init(rig, &setup, error) != 0) {
        outcome_fail(outcome, "%s: %.200s", kind->name, town->server == NULL ? "out of memory" : error);
        return false;
    }
    return true;
}

static void town_fini(struct town *town)
{
    lane_rig_fini(town->rig);
    server_free(town->server);
    town->server = NULL;
}

static void figure_add(struct bench_outcome *outcome, const char *kind, const char *what, const char *unit,
                       double value, double bar)
{
    char name[40];
    snprintf(name, sizeof(name), "%s_%s", kind, what);
    outcome_add(outcome, name, unit, value, bar);
}

// What a kind is held to: the sum of the bare operations that it cannot do without, or OpenSSL's client with the same
// service. Microseconds, 0 when there is none.
static double reference_measure(struct town *town, const struct kind *kind, double seconds)
{
    const struct service *service = &town->services[kind->service];
    double bare[BARE_OPERATIONS];
    if (kind->service == SERVICE_SSH)
        return bare_measure(seconds / BARE_OPERATIONS, bare)
                   ? bare[BARE_X25519_KEYGEN] + bare[BARE_X25519_DERIVE] + bare[BARE_ED25519_VERIFY]
                   : 0;
    if (kind->service == SERVICE_TLS12)
        return bare_openssl(service, TLS1_2_VERSION, town->crypto, seconds);
    if (kind->service == SERVICE_TLS13 || kind->service == SERVICE_TLS13_ONE)
        return bare_openssl(service, TLS1_3_VERSION, town->crypto, seconds);
    return 0;
}

// Microseconds of one conversation; 0 on failure.
static double kind_measure(struct town *town, const struct kind *kind, const struct bench_options *options,
                           struct bench_outcome *outcome)
{
    static struct lane_rig rig;
    double each_us = 0;
    if (town_init(town, &rig, kind, outcome)) {
        int status = lane_rig_converse(&rig, UINT64_MAX, kind->open, options->seconds);
        const uint64_t *counters = rig.lane->counters;
        uint64_t records = counters[CONTROL_RECORDS];
        // A banner that no session knows is heard to its end, and not recognised.
        uint64_t understood = counters[CONTROL_COMPLETE] + counters[CONTROL_PARTIAL];
        if (kind->service == SERVICE_BANNER)
            understood += counters[CONTROL_NOT_RECOGNISED];
        if (status != 0)
            outcome_fail(outcome, "%s: no end within two minutes", kind->name);
        else if (records == 0 || understood != records)
            outcome_fail(outcome, "%s: %llu of %llu conversations were understood", kind->name,
                         (unsigned long long)understood, (unsigned long long)records);
        else
            each_us = rig.cpu_seconds * 1e6 / (double)records;
        figure_add(outcome, kind->name, "per_second", "1/s", each_us > 0 ? 1e6 / each_us : 0, kind->bar);
        figure_add(outcome, kind->name, "us", "us", each_us, 0);
        figure_add(outcome, kind->name, "server_us", "us",
                   rig.served_seconds * 1e6 / (double)(records > 0 ? records : 1), 0);
        figure_add(outcome, kind->name, "connections", "",
                   (double)(counters[CONTROL_CONNECTIONS_CONTINUED] + counters[CONTROL_CONNECTIONS_FURTHER]) /
                       (double)(records > 0 ? records : 1),
                   0);
    }
    town_fini(town);
    return each_us;
}

// The kind between two measurements of what it is held to: a machine that others use is not as quick at one moment as
// at the next.
static void kind_compare(struct town *town, const struct kind *kind, const struct bench_options *options,
                         struct bench_outcome *outcome)
{
    double before_us = reference_measure(town, kind, options->seconds / 4);
    double each_us = kind_measure(town, kind, options, outcome);
    double after_us = reference_measure(town, kind, options->seconds / 4);
    if (before_us <= 0 || after_us <= 0 || each_us <= 0 || kind->matrix)
        return;
    bool ssh = kind->service == SERVICE_SSH;
    figure_add(outcome, kind->name, ssh ? "bare_us" : "openssl_us", "us", (before_us + after_us) / 2, 0);
    figure_add(outcome, kind->name, ssh ? "of_bare" : "of_openssl", "", (before_us + after_us) / 2 / each_us,
               kind->ratio);
}

// The servers in a process of their own, so that this one's memory is the lane's.
static pid_t servers_start(struct lane_rig *rig, uint64_t count)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        const struct timespec pause = {.tv_nsec = 20000};
        lane_rig_accept(rig, count - rig->position);
        if (lane_rig_serve(rig) == 0)
            nanosleep(&pause, NULL);
    }
}

static const struct open_kind {
    struct kind kind;
    uint64_t count;
    double bytes_most; // 0: as many as it takes
} OPENS[] = {
    // Handshakes are done, the request is acknowledged, and the page does not come.
    {{"open_tls", SERVICE_MUTE, 443, OPEN_TLS, 0, 0, false}, OPEN_TLS, 0},
    {{"open_flows", SERVICE_SILENT, 80, OPEN_FLOWS, 0, 0, false}, OPEN_FLOWS, OPEN_BYTES_MOST},
};

// Conversations that all stand at once: until nothing more comes. Returns how many do.
static uint64_t open_hold(struct lane_rig *rig, uint64_t count)
{
    uint64_t end_ns = lane_rig_clock(CLOCK_MONOTONIC) + UINT64_C(120000000000);
    uint64_t moved_ns = 0;
    uint64_t heard = 0;
    rig->slower = 50; // no answer is overdue before the last handshake is done
    pid_t servers = servers_start(rig, count);
    for (uint64_t now = 0; now < end_ns; now = lane_rig_clock(CLOCK_MONOTONIC)) {
        // Servers that never answer would never widen it.
        rig->lane->admission.window = (double)count;
        // The servers work meanwhile, so the lane's time does not jump.
        if (lane_rig_turn(rig) == 0)
            pause_us(20);
        if (rig->lane->counters[CONTROL_SEGMENTS_IN] != heard)
            moved_ns = now;
        heard = rig->lane->counters[CONTROL_SEGMENTS_IN];
        if (rig->lane->by_tuple.count == count && moved_ns != 0 && now - moved_ns > UINT64_C(300000000))
            break;
    }
    (void)kill(servers, SIGKILL);
    (void)waitpid(servers, NULL, 0);
    return rig->lane->by_tuple.count;
}

static void open_measure(struct town *town, const struct open_kind *wish, struct bench_outcome *outcome)
{
    static struct lane_rig rig;
    const char *name = wish->kind.name;

    if (town_init(town, &rig, &wish->kind, outcome)) {
        double before = lane_rig_resident();
        uint64_t open = open_hold(&rig, wish->count);
        double after = lane_rig_resident();
        if (open != wish->count)
            outcome_fail(outcome, "%s: %llu of %llu conversations are open", name, (unsigned long long)open,
                         (unsigned long long)wish->count);
        if (wish->bytes_most > 0 && after > wish->bytes_most)
            outcome_fail(outcome, "%s: %.0f MB are resident, of at most %.0f", name, after / 1e6,
                         wish->bytes_most / 1e6);
        outcome_add(outcome, name, "", (double)open, 0);
        figure_add(outcome, name, "bytes_each", "B", (after - before) / (double)wish->count, 0);
        figure_add(outcome, name, "resident", "MB", after / 1e6, 0);
    }
    town_fini(town);
}

static void bare_add(const struct bench_options *options, struct bench_outcome *outcome)
{
    double bare[BARE_OPERATIONS] = {0};
    if (!bare_measure(options->seconds / BARE_OPERATIONS, bare))
        outcome_fail(outcome, "OpenSSL has no X25519, P-256 or Ed25519");
    for (size_t i = 0; i < BARE_OPERATIONS; i++)
        figure_add(outcome, bare_name((enum bare_operation)i), "us", "us", bare[i], 0);
}

static void run(const struct bench_options *options, struct bench_outcome *outcome)
{
    char error[POPULATION_ERROR_MAX] = "out of memory";
    static char page[sizeof(PAGE)];
    memcpy(page, PAGE, sizeof(PAGE));
    services_said[SERVICE_HTTP].page = page;
    const struct population population = {.key = 1, .services = services_said, .service_count = SERVICES};
    struct town town = {.crypto = crypto_new()};
    if (town.crypto == NULL || services_new(&population, &town.services, error) != 0) {
        outcome_fail(outcome, "simnet's hosts: %.200s", error);
        return;
    }
    for (size_t i = 0; i < KIND_COUNT && outcome->error[0] == '\0'; i++)
        kind_compare(&town, &KINDS[i], options, outcome);
    if (outcome->error[0] == '\0')
        bare_add(options, outcome);
    for (size_t i = 0; i < sizeof(OPENS) / sizeof(OPENS[0]) && outcome->error[0] == '\0'; i++)
        open_measure(&town, &OPENS[i], outcome);
    outcome_note(
        outcome,
        "One lane of control, verdict to record; CPU time of its turns alone. us: of a conversation; connections: "
        "that it took; server_us: what simnet's side computed for it. of_bare: what an X25519 key, its agreement and "
        "one verification take of it; "
        "of_openssl: what OpenSSL's own client takes for handshake, page and goodbye.");
    services_free(town.services, SERVICES);
    crypto_free(town.crypto);
}

const struct bench_part part_converse = {
    .name = "converse",
    .help = "conversations per second of one core of control: banners, SMTP, Redis, HTTP, SSH, TLS; memory of 10,000 "
            "of TLS, and of 100,000 flows",
    .runs = 3,
    .run = run,
};
