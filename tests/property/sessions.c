// SPDX-License-Identifier: BSD-3-Clause
// What a conversation learns does not depend on how the bytes were cut; and no bytes, cut off or changed anywhere, make
// it crash, hang or read where nothing is (run under ASan and UBSan).

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/env.h"
#include "tests/unit/session/dialogue.h"
#include "tests/unit/session/fake_ssh.h"
#include "tests/unit/session/fake_tls.h"
#include "tests/unit/session/plain_ssh.h"

enum { MUTATIONS = 3000, RANDOM_STREAMS = 3000, RANDOM_MAX = 600 };

static unsigned failures;
static unsigned runs;

static void expect(bool right, const char *what, const char *first, size_t at)
{
    runs++;
    if (!right) {
        failures++;
        fprintf(stderr, "%s, beginning with \"%s\": differs at %zu\n", what, first, at);
    }
}

// xorshift64: the same bytes every time.
static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)((random_state >> 32) % limit);
}

// Every way of cutting teaches the same as the whole did.
static void cuts_check(struct dialogue dialogue, struct peer *peer, const char *what, size_t length, size_t stride)
{
    struct observation whole;
    struct observation seen;
    expect(dialogue_run(&dialogue, peer, &whole) > 0, what, dialogue.first, 0);
    for (size_t piece = 1; piece <= 3; piece++) {
        dialogue.piece = piece;
        expect(dialogue_run(&dialogue, peer, &seen) > 0 && observation_equal(&whole, &seen), what, dialogue.first,
               piece);
        observation_fini(&seen);
    }
    dialogue.piece = 0;
    for (size_t cut = 1; cut < length; cut += stride) {
        dialogue.cut = cut;
        expect(dialogue_run(&dialogue, peer, &seen) > 0 && observation_equal(&whole, &seen), what, dialogue.first, cut);
        observation_fini(&seen);
    }
    dialogue.cut = 0;
    observation_fini(&whole);
}

// The server's side ends at every offset: no cut of what came before it teaches more or less.
static void ends_check(struct dialogue dialogue, struct peer *peer, const char *what, size_t length, size_t stride)
{
    for (size_t limit = 1; limit < length; limit += stride) {
        struct observation whole;
        struct observation seen;
        dialogue.limit = limit;
        dialogue.piece = 0;
        expect(dialogue_run(&dialogue, peer, &whole) > 0, what, dialogue.first, limit);
        dialogue.piece = 1;
        expect(dialogue_run(&dialogue, peer, &seen) > 0 && observation_equal(&whole, &seen), what, dialogue.first,
               limit);
        observation_fini(&seen);
        observation_fini(&whole);
    }
}

// A scripted server whose whole side is fixed: greeting and reply.
static void script_check(struct session_env *env, const char *what, const uint8_t *reply, size_t length, bool closes,
                         bool greets)
{
    static const char *const firsts[] = {"", "ssh", "http", "tls"};
    for (size_t at = 0; at < sizeof(firsts) / sizeof(firsts[0]); at++) {
        struct scripted peer;
        scripted_init(&peer, "", "", closes);
        *(greets ? &peer.greeting : &peer.reply) = reply;
        *(greets ? &peer.greeting_length : &peer.reply_length) = length;
        const struct dialogue dialogue = {.env = env, .first = firsts[at], .port = 4443};
        size_t stride = length > 400 ? 7 : 1;
        cuts_check(dialogue, &peer.peer, what, length, stride);
        ends_check(dialogue, &peer.peer, what, length, stride);
        scripted_fini(&peer);
    }
}

// Mutations of a script: any answer will do, but it has to be the same whole and in pieces.
static void mutations_check(struct session_env *env, const char *what, const char *first, const uint8_t *reply,
                            size_t length)
{
    for (size_t turn = 0; turn < MUTATIONS; turn++) {
        struct buffer changed = {.data = NULL};
        struct scripted peer;
        struct observation whole;
        struct observation seen;
        buffer_put(&changed, reply, length);
        for (uint32_t change = 1 + random_below(4); change > 0; change--)
            changed.data[random_below((uint32_t)length)] = (uint8_t)random_below(256);
        scripted_init(&peer, "", "", turn % 2 == 0);
        peer.greeting = changed.data;
        peer.greeting_length = length;
        struct dialogue dialogue = {.env = env, .first = first, .port = 4443};
        expect(dialogue_run(&dialogue, &peer.peer, &whole) > 0, what, first, turn);
        dialogue.piece = 1 + random_below(40);
        expect(dialogue_run(&dialogue, &peer.peer, &seen) > 0 && observation_equal(&whole, &seen), what, first, turn);
        observation_fini(&seen);
        observation_fini(&whole);
        scripted_fini(&peer);
        buffer_fini(&changed);
    }
}

static void random_check(struct session_env *env)
{
    static const char *const starts[] = {"", "SSH-2.0-x\r\n", "HTTP/1.1 200 OK\r\n", "\x16\x03\x03\x00\x40\x02",
                                         "\x15\x03\x01"};
    static const char *const firsts[] = {"", "ssh", "http", "tls"};
    for (size_t turn = 0; turn < RANDOM_STREAMS; turn++) {
        const char *start = starts[random_below(5)];
        struct buffer stream = {.data = NULL};
        buffer_put(&stream, start, strlen(start));
        for (uint32_t left = 1 + random_below(RANDOM_MAX); left > 0; left--)
            buffer_put_u8(&stream, (uint8_t)random_below(256));
        struct scripted peer;
        struct observation whole;
        struct observation seen;
        scripted_init(&peer, "", "", turn % 2 == 0);
        peer.greeting = stream.data;
        peer.greeting_length = stream.length;
        struct dialogue dialogue = {.env = env, .first = firsts[random_below(4)], .port = 4443};
        expect(dialogue_run(&dialogue, &peer.peer, &whole) > 0, "random bytes", dialogue.first, turn);
        dialogue.piece = 1;
        expect(dialogue_run(&dialogue, &peer.peer, &seen) > 0 && observation_equal(&whole, &seen), "random bytes",
               dialogue.first, turn);
        observation_fini(&seen);
        observation_fini(&whole);
        scripted_fini(&peer);
        buffer_fini(&stream);
    }
}

static void packet_put(struct buffer *to, const struct buffer *payload)
{
    struct ssh_transport clear = {.head_length = 0};
    if (ssh_packet_write(&clear, payload, to) != 0)
        abort();
}

// What a server says when nothing is encrypted (ssh_plain): every message that a client can meet.
static void ssh_transcript(struct buffer *to)
{
    static const char *const lists[] = {"curve25519-sha256,kex-strict-s-v00@openssh.com",
                                        "ssh-ed25519",
                                        "aes128-ctr",
                                        "aes128-ctr",
                                        "hmac-sha2-256",
                                        "hmac-sha2-256",
                                        "none,zlib@openssh.com",
                                        "none",
                                        "",
                                        ""};
    static const uint8_t simple[][6] = {{2, 0, 0, 0, 0}, {31, 0, 0, 0, 0}, {21}, {7, 0, 0, 0, 0}, {6, 0, 0, 0, 0}};
    struct buffer payload = {.data = NULL};
    static const char lines[] = "hello\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n";
    buffer_put(to, lines, strlen(lines));
    buffer_put_u8(&payload, 20);
    buffer_put(&payload, "0123456789abcdef", 16);
    for (size_t at = 0; at < sizeof(lists) / sizeof(lists[0]); at++)
        buffer_put_text(&payload, lists[at]);
    buffer_put(&payload, "\0\0\0\0\0", 5);
    packet_put(to, &payload);
    for (size_t at = 0; at < sizeof(simple) / sizeof(simple[0]); at++) {
        buffer_fini(&payload);
        buffer_put(&payload, simple[at], sizeof(simple[at]) - 1);
        packet_put(to, &payload);
    }
    buffer_fini(&payload);
    buffer_put_u8(&payload, 53);
    buffer_put_text(&payload, "banner");
    buffer_put_text(&payload, "");
    packet_put(to, &payload);
    buffer_fini(&payload);
    buffer_put_u8(&payload, 51);
    buffer_put_text(&payload, "publickey,keyboard-interactive");
    buffer_put_u8(&payload, 0);
    packet_put(to, &payload);
    buffer_fini(&payload);
}

static void ssh_check(struct session_env *env)
{
    struct fake_ssh strict = {
        .strict = true, .cipher = "aes256-gcm@openssh.com", .identification = "one\ntwo\r\nSSH-2.0-x y"};
    struct fake_ssh plain = {.cipher = "aes128-cbc", .mac = "hmac-sha1"};
    struct fake_ssh *const servers[] = {&strict, &plain};
    for (size_t at = 0; at < 2; at++) {
        const struct dialogue dialogue = {.env = env, .first = at == 0 ? "ssh" : "", .port = 22};
        fake_ssh_init(servers[at]);
        cuts_check(dialogue, &servers[at]->peer, "ssh", 1200, 13);
        ends_check(dialogue, &servers[at]->peer, "ssh, ended", 1200, 17);
        fake_ssh_fini(servers[at]);
    }
    struct buffer transcript = {.data = NULL};
    ssh_transcript(&transcript);
    ssh_plain = true;
    struct scripted peer;
    struct observation seen;
    scripted_init(&peer, "", "", false);
    peer.greeting = buffer_bytes(&transcript);
    peer.greeting_length = transcript.length;
    const struct dialogue dialogue = {.env = env, .first = "ssh", .port = 22};
    dialogue_run(&dialogue, &peer.peer, &seen);
    expect(seen.finished && strcmp(told(&seen, "ssh.methods"), "publickey,keyboard-interactive") == 0, "ssh transcript",
           "ssh", 0);
    observation_fini(&seen);
    scripted_fini(&peer);
    script_check(env, "ssh transcript", buffer_bytes(&transcript), transcript.length, true, true);
    mutations_check(env, "ssh mutated", "ssh", buffer_bytes(&transcript), transcript.length);
    ssh_plain = false;
    buffer_fini(&transcript);
}

static void tls_check(struct session_env *env)
{
    static const int versions[] = {TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t at = 0; at < 3; at++) {
        struct fake_tls fake = {.version = versions[at],
                                .key = "RSA", // whose signatures are all of one length, so that an offset is a place
                                .reply = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<title>inside</title>"};
        fake_tls_init(&fake);
        const struct dialogue dialogue = {.env = env, .first = "tls", .port = 443};
        cuts_check(dialogue, &fake.peer, "tls", 1500, 29);
        ends_check(dialogue, &fake.peer, "tls, ended", 1500, 41);
        fake_tls_fini(&fake);
    }
}

static void http_check(struct session_env *env)
{
    static const char *const replies[] = {
        "HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<title\r\n4\r\n>a</\r\nc\r\n &lt;</title>\r\n0\r\n",
        "HTTP/1.0 301 Moved\nLocation: /x\nContent-Length: 29\n\n<TITLE>\n moved\taway </TITLE >.",
        "HTTP/1.1 400 Bad Request\r\n\r\n<title>400 The plain HTTP request was sent to HTTPS port</title>",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Type: text/plain\r\n\r\nx",
        "220 mail.example ESMTP\r\n250 ok\r\n",
        "\x15\x03\x01\x00\x02\x02\x28",
        "SSH-1.5-old\n",
        "H",
    };
    for (size_t at = 0; at < sizeof(replies) / sizeof(replies[0]); at++) {
        const uint8_t *reply = (const uint8_t *)replies[at];
        size_t length = strlen(replies[at]);
        length = length == 3 ? 7 : length; // the alert holds a NUL
        script_check(env, replies[at], reply, length, at % 2 == 0, false);
        script_check(env, replies[at], reply, length, at % 2 != 0, true);
        mutations_check(env, replies[at], "http", reply, length);
    }
}

int main(void)
{
    struct session_env *env = env_for_tests();
    if (env == NULL)
        return EXIT_FAILURE;
    http_check(env);
    ssh_check(env);
    tls_check(env);
    random_check(env);
    session_env_free(env);
    printf("%u comparisons, %u differences\n", runs, failures);
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
