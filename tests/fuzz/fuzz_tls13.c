// SPDX-License-Identifier: BSD-3-Clause
// Our client of TLS 1.3 behind encryption: OpenSSL's server answers it, with the same random bytes each time, and the
// input says what is done to each of its messages before it is sealed again. What comes out must not depend on how the
// records were cut; where nothing was changed, the page is read.

#include <stdlib.h>
#include <string.h>

#include "tests/dialogues/random.h"
#include "tests/fuzz/entry.h"
#include "tests/unit/session/proxy_tls.h"

// As in feed.c.
#define STEP_CPU_NS UINT64_C(150000000)

enum { RECORD_BYTES_MAX = 16384, MESSAGE_BYTES_MAX = 60000, ROUNDS_MAX = 100 };

// What an input begins with.
enum { MANNER_ASKS = 1, MANNER_RETRY = 2, MANNER_RSA = 4, MANNER_PROVE = 8 };

enum act {
    ACT_PASS = 0,
    ACT_CHANGE,  // a byte
    ACT_INSTEAD, // other bytes
    ACT_TWICE,
    ACT_DROP,
    ACT_CUT,    // in two records
    ACT_APPEND, // bytes behind it
    ACT_BEFORE, // a record before it
    ACT_TYPE,   // of another type
    ACT_RAW,    // bytes that are no record
    ACT_MANY,   // the same again and again
    ACT_REMOVE, // bytes within it
    ACT_COUNT
};

struct script {
    struct bytes input;
    bool changed;
};

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

static void act(struct proxy_tls *self, enum act what, uint8_t type, struct buffer *content)
{
    struct script *script = self->context;
    size_t at = bytes_u16(&script->input);
    at = content->length == 0 ? 0 : at % content->length;
    size_t length = bytes_u8(&script->input);
    struct bytes other = bytes_slice(&script->input, length < script->input.length ? length : script->input.length);
    uint8_t *data = content->data + content->start;
    switch (what) {
    case ACT_CHANGE:
        if (content->length > 0)
            data[at] ^= (uint8_t)length;
        break;
    case ACT_INSTEAD:
        proxy_put(self, type, other.data, other.length);
        return;
    case ACT_TWICE:
        proxy_put(self, type, data, content->length);
        break;
    case ACT_DROP:
        return;
    case ACT_CUT:
        proxy_put(self, type, data, at);
        data += at;
        proxy_put(self, type, data, content->length - at);
        return;
    case ACT_APPEND:
        buffer_put(content, other.data, other.length);
        break;
    case ACT_BEFORE:
        proxy_put(self, (uint8_t)at, other.data, other.length);
        break;
    case ACT_TYPE:
        type = (uint8_t)length;
        break;
    case ACT_RAW:
        proxy_put_raw(self, other.data, other.length);
        break;
    case ACT_MANY:
        for (size_t count = 0; count < length; count++)
            proxy_put(self, (uint8_t)at, other.data, other.length);
        break;
    default:
        if (length > content->length - at)
            length = content->length - at;
        memmove(data + at, data + at + length, content->length - at - length);
        content->length -= length;
        break;
    }
    if (content->length <= RECORD_BYTES_MAX)
        proxy_put(self, type, content->data + content->start, content->length);
}

static void fuzz_pass(struct proxy_tls *self, uint8_t type, struct bytes content)
{
    struct script *script = self->context;
    struct buffer copy = {0};
    enum act what = script->input.length == 0 ? ACT_PASS : (enum act)(bytes_u8(&script->input) % ACT_COUNT);
    if (what == ACT_PASS) {
        proxy_put(self, type, content.data, content.length);
        return;
    }
    script->changed = true;
    buffer_put(&copy, content.data, content.length);
    act(self, what, type, &copy);
    buffer_fini(&copy);
}

static struct conversation_step feed(struct conversation *conversation, struct buffer *answer, size_t piece)
{
    struct conversation_step step = {.verb = CONVERSATION_WAIT};
    while (step.verb == CONVERSATION_WAIT && answer->length > 0) {
        size_t length = piece != 0 && piece < answer->length ? piece : answer->length;
        struct buffer exact = {0};
        buffer_put(&exact, buffer_bytes(answer), length);
        uint64_t began_ns = fuzz_cpu_ns();
        step = conversation_bytes(conversation, buffer_bytes(&exact), length);
        if (fuzz_cpu_ns() - began_ns > STEP_CPU_NS)
            abort();
        buffer_fini(&exact);
        buffer_drop(answer, length);
    }
    buffer_fini(answer);
    return step;
}

// One connection; nothing is asked of a further one.
static char *play(struct session_env *env, struct proxy_tls *proxy, struct script *script, size_t piece)
{
    struct agenda agenda;
    struct observation observation;
    struct buffer answer = {0};
    struct peer *peer = &proxy->fake.peer;
    random_repeat();
    proxy->context = script;
    observation_init(&observation);
    const struct errand errand = agenda_begin(&agenda, session_find("tls"), NULL);
    struct conversation *conversation = conversation_new(env, &errand, 0x0a010203, 443, &agenda, &observation);
    if (conversation == NULL)
        abort();
    peer->begin(peer);
    peer->closed = false;
    struct conversation_step step = conversation_open(conversation);
    for (size_t round = 0; step.verb == CONVERSATION_WAIT && round < ROUNDS_MAX; round++) {
        size_t length = 0;
        const uint8_t *said = conversation_output(conversation, &length);
        if (length > 0 && !peer->closed)
            peer->answer(peer, said, length, &answer);
        conversation_output_take(conversation, length);
        step = answer.length > 0 ? feed(conversation, &answer, piece) : conversation_closed(conversation);
    }
    if (step.verb == CONVERSATION_WAIT || step.verb == CONVERSATION_FAILED)
        abort();
    conversation_free(conversation);
    char *text = told_all(&observation);
    observation_fini(&observation);
    return text;
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MESSAGE_BYTES_MAX)
        return;
    prepare();
    struct session_env *env = envs[(data[0] & MANNER_PROVE) != 0];
    struct proxy_tls *proxy = proxy_of(data[0], fuzz_pass);
    struct script scripts[2] = {{.input = bytes_of(data + 2, size - 2)}, {.input = bytes_of(data + 2, size - 2)}};
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
