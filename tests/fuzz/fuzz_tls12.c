// SPDX-License-Identifier: BSD-3-Clause
// Our client of TLS 1.2 on both sides of its encryption: a server of our own answers it, with the same random bytes
// each time, and the input says what is done to each of its messages before it is sealed. What comes out must not
// depend on how the records were cut; where nothing was changed, the page is read.

#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/random.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/entry.h"
#include "tests/unit/session/fake_tls12.h"

enum { MESSAGE_BYTES_MAX = 60000 };

// What an input begins with.
enum { MANNER_ASKS = 1, MANNER_P256 = 2, MANNER_RSA = 4, MANNER_CBC = 8, MANNER_OTHER = 16, MANNERS = 32 };
enum { MANNER_PROVE = 32 };

static struct fake_tls12 servers[MANNERS];
static struct session_env *envs[2];

static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n<title>inside</title>";

static void prepare(void)
{
    if (envs[0] != NULL)
        return;
    random_repeat();
    for (size_t at = 0; at < 2; at++) {
        const struct session_env_settings settings = {.user_agent = "sonde", .no_key_proof = at == 0};
        envs[at] = session_env_new(&settings);
        if (envs[at] == NULL)
            abort();
    }
}

static void put(void *self, uint8_t type, const void *data, size_t length)
{
    fake_tls12_put(self, type, data, length);
}

static void put_raw(void *self, const void *data, size_t length)
{
    fake_tls12_put_raw(self, data, length);
}

static void fuzz_pass(struct fake_tls12 *self, uint8_t type, struct bytes content)
{
    const struct change_sink sink = {.self = self, .put = put, .put_raw = put_raw};
    change_pass(self->context, &sink, type, content);
}

// AES-128-GCM, ChaCha20-Poly1305, AES-128-CBC with SHA-1, AES-256-CBC with SHA-384; signed by a curve, or by RSA.
static const uint16_t suites[2][4] = {{0xc02b, 0xcca9, 0xc009, 0xc024}, {0xc02f, 0xcca8, 0xc013, 0xc028}};

static struct fake_tls12 *server_of(uint8_t manner)
{
    struct fake_tls12 *server = &servers[manner % MANNERS];
    bool rsa = (manner & MANNER_RSA) != 0;
    size_t suite = ((manner & MANNER_CBC) != 0 ? 2U : 0) + ((manner & MANNER_OTHER) != 0 ? 1U : 0);
    if (server->kit != NULL)
        return server;
    *server = (struct fake_tls12){.key = rsa ? "RSA" : "EC",
                                  .suite = suites[rsa ? 1 : 0][suite],
                                  .group = (manner & MANNER_P256) != 0 ? 0x0017 : 0,
                                  .plain_master = (manner & MANNER_P256) != 0,
                                  .asks_certificate = (manner & MANNER_ASKS) != 0,
                                  .reply = page,
                                  .pass = fuzz_pass};
    fake_tls12_init(server);
    return server;
}

static char *play(struct session_env *env, struct fake_tls12 *server, struct change_script *script, size_t piece)
{
    server->context = script;
    return change_play(env, &server->peer, piece);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MESSAGE_BYTES_MAX)
        return;
    prepare();
    struct session_env *env = envs[(data[0] & MANNER_PROVE) != 0];
    struct fake_tls12 *server = server_of(data[0]);
    struct change_script scripts[2] = {{.input = bytes_of(data + 2, size - 2)},
                                       {.input = bytes_of(data + 2, size - 2)}};
    char *whole = play(env, server, &scripts[0], 0);
    char *pieces = play(env, server, &scripts[1], 1 + data[1] % 64);
    if (strcmp(whole, pieces) != 0) {
        fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n", whole, pieces);
        abort();
    }
    if (!scripts[0].changed && strstr(whole, "http.title inside") == NULL)
        abort();
    free(whole);
    free(pieces);
}
