// SPDX-License-Identifier: BSD-3-Clause
// Our client of TLS 1.3 behind encryption: OpenSSL's server answers it, with the same random bytes each time, and the
// input says what is done to each of its messages before it is sealed again. What comes out must not depend on how the
// records were cut; where nothing was changed, the page is read.

#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/random.h"
#include "tests/fuzz/change.h"
#include "tests/fuzz/entry.h"
#include "tests/unit/session/proxy_tls.h"

enum { MESSAGE_BYTES_MAX = 60000 };

// What an input begins with.
enum { MANNER_ASKS = 1, MANNER_RETRY = 2, MANNER_RSA = 4, MANNER_PROVE = 8 };

static struct proxy_tls proxies[8];
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

static struct proxy_tls *proxy_of(uint8_t manner, proxy_pass *pass)
{
    struct proxy_tls *proxy = &proxies[manner & 7];
    if (proxy->kit != NULL)
        return proxy;
    proxy->fake = (struct fake_tls){.key = (manner & MANNER_RSA) != 0 ? "RSA" : "EC",
                                    .groups = (manner & MANNER_RETRY) != 0 ? "P-256" : NULL,
                                    .asks_certificate = (manner & MANNER_ASKS) != 0,
                                    .reply = page};
    proxy->pass = pass;
    proxy_tls_init(proxy);
    SSL_CTX_set_session_cache_mode(proxy->fake.context, SSL_SESS_CACHE_OFF);
    return proxy;
}

static void put(void *self, uint8_t type, const void *data, size_t length)
{
    proxy_put(self, type, data, length);
}

static void put_raw(void *self, const void *data, size_t length)
{
    proxy_put_raw(self, data, length);
}

static void fuzz_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    const struct change_sink sink = {.self = self, .put = put, .put_raw = put_raw};
    change_pass(self->context, &sink, type, content);
}

static char *play(struct session_env *env, struct proxy_tls *proxy, struct change_script *script, size_t piece)
{
    proxy->context = script;
    return change_play(env, &proxy->fake.peer, piece);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MESSAGE_BYTES_MAX)
        return;
    prepare();
    struct session_env *env = envs[(data[0] & MANNER_PROVE) != 0];
    struct proxy_tls *proxy = proxy_of(data[0], fuzz_pass);
    struct change_script scripts[2] = {{.input = bytes_of(data + 2, size - 2)},
                                       {.input = bytes_of(data + 2, size - 2)}};
    char *whole = play(env, proxy, &scripts[0], 0);
    char *pieces = play(env, proxy, &scripts[1], 1 + data[1] % 64);
    if (strcmp(whole, pieces) != 0) {
        fprintf(stderr, "whole:\n%s\nin pieces:\n%s\n", whole, pieces);
        abort();
    }
    if (!scripts[0].changed && strstr(whole, "http.title inside") == NULL)
        abort();
    free(whole);
    free(pieces);
}
