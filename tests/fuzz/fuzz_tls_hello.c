// SPDX-License-Identifier: BSD-3-Clause
// What a server says in the clear: ServerHello messages of every version, records taken apart, and the conversations
// that ask for one version each. The input's first byte says which.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probes/protocol/tls/tls_flight.h"
#include "probes/protocol/tls/tls_matrix.h"
#include "probes/protocol/tls/tls_server_hello.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"
#include "tests/fuzz/entry.h"
#include "tests/fuzz/feed.h"

enum { SILENCES_MAX = 2 };

static void expect(bool right)
{
    if (!right)
        abort();
}

// A view lies within what was read.
static void within(struct bytes view, struct bytes whole)
{
    expect(view.length == 0 || (view.data >= whole.data && view.data + view.length <= whole.data + whole.length));
}

static void hello_read(struct bytes body)
{
    struct tls_server_hello hello;
    struct tls_ssl2_server_hello old;
    if (tls_server_hello_read(body, &hello) == 0) {
        within(hello.session_id, body);
        within(hello.key_share, body);
        within(hello.alpn, body);
        within(hello.cookie, body);
        expect(hello.extension_count <= TLS_SERVER_EXTENSIONS_MAX && hello.session_id.length <= 32);
    }
    if (tls_ssl2_server_hello_read(body, &old) == 0) {
        within(old.certificate, body);
        within(old.cipher_specs, body);
        expect(old.cipher_specs.length % 3 == 0);
    }
}

// FNV-1a.
static uint64_t mixed(uint64_t digest, unsigned value)
{
    return (digest ^ value) * UINT64_C(0x100000001b3);
}

// A number over every piece; the same however the bytes were cut.
static uint64_t flight_digest(struct bytes all, size_t most)
{
    struct tls_flight flight = {.left = 0};
    struct buffer waiting = {0};
    uint64_t digest = UINT64_C(0xcbf29ce484222325);
    bool over = false;
    while (all.length > 0 && !over) {
        size_t length = all.length < most ? all.length : most;
        buffer_put(&waiting, bytes_take(&all, length), length);
        struct bytes input = bytes_of(buffer_bytes(&waiting), waiting.length);
        for (struct tls_flight_piece piece = {.kind = TLS_FLIGHT_MESSAGE}; !over;) {
            piece = tls_flight_take(&flight, &input);
            if (piece.kind == TLS_FLIGHT_MORE)
                break;
            over = piece.kind != TLS_FLIGHT_MESSAGE && piece.kind != TLS_FLIGHT_ALERT;
            digest = mixed(mixed(mixed(mixed(digest, piece.kind), piece.type), piece.alert), piece.level);
            for (size_t at = 0; piece.kind == TLS_FLIGHT_MESSAGE && at < piece.body.length; at++)
                digest = mixed(digest, piece.body.data[at]);
        }
        buffer_drop(&waiting, waiting.length - input.length);
    }
    buffer_fini(&waiting);
    tls_flight_fini(&flight);
    return digest;
}

// A conversation that asks for one thing, and hears these bytes.
static void version_ask(uint32_t step, struct bytes all, size_t most)
{
    struct agenda agenda;
    struct observation observation;
    observation_init(&observation);
    struct errand errand = agenda_begin(&agenda, &session_tls_version, NULL);
    errand.argument = step;
    // A preference has something to compare with.
    void *row = learn_row(&observation, FIELD(tls, matrix));
    if (row != NULL) {
        learn_constant_in(&observation, row, FIELD(tls_version, version), "TLSv1.2", 7);
        learn_constant_in(&observation, row, FIELD(tls_version, status), "offered", 7);
        learn_constant_in(&observation, row, FIELD(tls_version, cipher), "TLS_RSA_WITH_AES_128_CBC_SHA", 28);
    }
    struct conversation *conversation =
        conversation_new(feed_env(), &errand, UINT32_C(0x0a010203), 443, &agenda, &observation);
    expect(conversation != NULL);
    struct conversation_step now = conversation_open(conversation);
    while (now.verb == CONVERSATION_WAIT && all.length > 0) {
        size_t length = all.length < most ? all.length : most;
        now = conversation_bytes(conversation, bytes_take(&all, length), length);
    }
    // What could be the beginning of our own words coming back is listened to, once more.
    for (int turn = 0; now.verb == CONVERSATION_WAIT && turn < SILENCES_MAX; turn++)
        now = (step & 1) != 0 ? conversation_closed(conversation) : conversation_silence(conversation);
    expect(now.verb != CONVERSATION_WAIT);
    conversation_free(conversation);
    observation_fini(&observation);
}

void fuzz_one(const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    uint32_t step = data[0] & 7;
    size_t most = data[0] >> 3 == 0 ? size : data[0] >> 3;
    struct bytes all = bytes_of(data + 1, size - 1);
    if (step == TLS_STEP_NONE) {
        hello_read(all);
        expect(flight_digest(all, size) == flight_digest(all, 1));
    } else {
        version_ask(step, all, most);
    }
}
