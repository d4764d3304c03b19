// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/session/servers.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/session/fake_ssh.h"
#include "tests/unit/session/fake_tls.h"

// What a server of simple words says to what begins so; the last row, which begins with nothing, to anything else.
struct reply {
    const char *begins;
    const char *says;
    bool closes;
};

struct talker {
    struct peer peer;
    const char *greeting;
    const struct reply *replies;
};

static void talker_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    const struct talker *talker = (const struct talker *)peer;
    const struct reply *reply = talker->replies;
    if (length == 0) {
        buffer_put(ret_answer, talker->greeting, strlen(talker->greeting));
        return;
    }
    while (strlen(reply->begins) > length || memcmp(reply->begins, data, strlen(reply->begins)) != 0)
        reply++;
    buffer_put(ret_answer, reply->says, strlen(reply->says));
    peer->closed = reply->closes;
}

static const struct reply redis_replies[] = {{"*1\r\n$4\r\nPING", "+PONG\r\n", false},
                                             {"*2\r\n$4\r\nINFO", "$21\r\nredis_version:7.0.15\r\n\r\n", false},
                                             {"*1\r\n$4\r\nQUIT", "+OK\r\n", true},
                                             {"", "-ERR unknown command, with args beginning with: \r\n", true}};
static const struct reply rsync_replies[] = {{"@RSYNCD: ", "data\tall of it\n@RSYNCD: EXIT\n", true},
                                             {"", "@ERROR: protocol startup error\n", true}};
static const struct reply memcached_replies[] = {
    {"version\r\n", "VERSION 1.6.18\r\n", false}, {"quit\r\n", "", true}, {"", "ERROR\r\n", false}};
static const struct reply http_replies[] = {
    {"GET / HTTP/1.1\r\n", "HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Length: 2\r\n\r\nhi", true},
    {"", "HTTP/1.1 400 Bad Request\r\nServer: lab\r\nContent-Length: 0\r\n\r\n", true}};

static const struct talker talkers[] = {
    {.greeting = "", .replies = redis_replies},
    {.greeting = "@RSYNCD: 31.0 sha512 md5\n", .replies = rsync_replies},
    {.greeting = "", .replies = memcached_replies},
    {.greeting = "", .replies = http_replies},
};
static const char *const talker_names[] = {"redis", "rsync", "memcached", "http"};

static struct peer *talker_new(const char *session)
{
    for (size_t at = 0; at < sizeof(talkers) / sizeof(talkers[0]); at++) {
        if (strcmp(talker_names[at], session) != 0)
            continue;
        struct talker *talker = malloc(sizeof(*talker));
        if (talker == NULL)
            abort();
        *talker = talkers[at];
        talker->peer.answer = talker_answer;
        return &talker->peer;
    }
    return NULL;
}

struct peer *server_new(const char *session)
{
    if (strcmp(session, "ssh") == 0) {
        struct fake_ssh *ssh = calloc(1, sizeof(*ssh));
        if (ssh == NULL)
            abort();
        fake_ssh_init(ssh);
        return &ssh->peer;
    }
    if (strcmp(session, "tls") == 0) {
        struct fake_tls *tls = calloc(1, sizeof(*tls));
        if (tls == NULL)
            abort();
        *tls = (struct fake_tls){.version = TLS1_3_VERSION, .key = "EC", .inside = talker_new("http")};
        fake_tls_init(tls);
        return &tls->peer;
    }
    return talker_new(session);
}

void server_free(const char *session, struct peer *server)
{
    if (strcmp(session, "ssh") == 0)
        fake_ssh_fini((struct fake_ssh *)server);
    if (strcmp(session, "tls") == 0) {
        free(((struct fake_tls *)server)->inside);
        fake_tls_fini((struct fake_tls *)server);
    }
    free(server);
}

const char *server_service(const char *session)
{
    return strcmp(session, "tls") == 0 ? "http" : session;
}

static void echo_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    (void)peer;
    if (length > 0)
        buffer_put(ret_answer, data, length);
}

struct peer echo_server = {.answer = echo_answer};

static void dropping_begin(struct peer *peer)
{
    struct dropping *dropping = (struct dropping *)peer;
    dropping->left = dropping->connections++ == 0 ? dropping->first : SIZE_MAX;
    dropping->server->closed = false;
    if (dropping->server->begin != NULL)
        dropping->server->begin(dropping->server);
}

static void dropping_answer(struct peer *peer, const uint8_t *data, size_t length, struct buffer *ret_answer)
{
    struct dropping *dropping = (struct dropping *)peer;
    struct buffer answer = {0};
    if (!dropping->server->closed)
        dropping->server->answer(dropping->server, data, length, &answer);
    size_t passed = answer.length < dropping->left ? answer.length : dropping->left;
    if (passed > 0)
        buffer_put(ret_answer, buffer_bytes(&answer), passed);
    dropping->left -= dropping->left == SIZE_MAX ? 0 : passed;
    peer->closed = dropping->server->closed || dropping->left == 0;
    buffer_fini(&answer);
}

void dropping_init(struct dropping *dropping, struct peer *server, size_t first)
{
    *dropping = (struct dropping){
        .peer = {.begin = dropping_begin, .answer = dropping_answer}, .server = server, .first = first};
}
