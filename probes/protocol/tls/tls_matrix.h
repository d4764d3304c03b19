// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Which versions of SSL and TLS a server accepts, and how it chooses: what its answers teach is written down here, and
// what the first ones leave open is asked on further connections, one at a time, with hellos of our own
// (session_tls_version). At most as many as ERRAND_MATRIX has, the ones of session_tls included.
//
// A hello that goes up to a version is an offer of all below it, so an older answer refuses what lies between (RFC 5246
// appendix E.1). An alert, a FIN or a RST refuses; silence says nothing.

#include <stdbool.h>
#include <stdint.h>

#include "probes/bytes.h"
#include "probes/protocol/tls/tls_server_hello.h"
#include "probes/session/session.h"

// A ServerHello or HelloRetryRequest came to a hello that offered every version up to `newest`: writes down that the
// version is offered, with which cipher and group, which ones are refused by that, and the application protocol.
void tls_matrix_answered(struct session *self, const struct tls_server_hello *hello, uint16_t newest);

// The same of the first hello of all: the server's fingerprint (JA3S) as well.
void tls_matrix_answered_first(struct session *self, const struct tls_server_hello *hello);

// SSL 2.0 is offered, with at least one cipher.
void tls_matrix_answered_ssl2(struct session *self, const struct tls_ssl2_server_hello *hello);

// The body of a ServerKeyExchange (RFC 5246 section 7.4.3, RFC 8422 section 5.4) below TLS 1.3: group and size.
void tls_matrix_exchange(struct session *self, uint16_t version, uint16_t cipher, struct bytes body);

// The same of the first hello, whose answer is the newest of all.
void tls_matrix_exchange_first(struct session *self, struct bytes body);

// The server refused a hello of exactly this version. reason outlives the observation.
void tls_matrix_refused(struct session *self, uint16_t version, const char *reason);

// An application protocol was agreed on, also where only an encrypted message says so.
void tls_matrix_alpn(struct session *self, struct bytes name);

// The first handshake is over, and the service is TLS: asks for the further connections, unless the plan wants none, or
// they were asked for already.
void tls_matrix_begin(struct session *self);

// A server whose port promised TLS has hung up over the first hello: asks for the older versions, as long as nothing
// else is recognised. Nothing is written down before it answers one of them.
void tls_matrix_begin_unheard(struct session *self);

// It has answered: so the earlier hellos were refused.
void tls_matrix_heard(struct session *self);

// A further connection is done: asks for the next. hybrid_only: the server chose a classical group where it could have
// chosen a hybrid one, and has to be asked for nothing but those.
void tls_matrix_continue(struct session *self, bool silent, bool hybrid_only);

// What a further connection asks: the low bits of its errand's argument. The other bits say what is still to be asked.
enum tls_matrix_step {
    TLS_STEP_NONE = 0,
    TLS_STEP_PREFERENCE, // the ciphers in the opposite order
    TLS_STEP_1_2,
    TLS_STEP_1_1,
    TLS_STEP_1_0,
    TLS_STEP_SSL3,
    TLS_STEP_SSL2,
    TLS_STEP_HYBRID, // nothing but hybrid groups
    TLS_STEP_COUNT,
};
enum tls_matrix_step tls_matrix_step(const struct session *self);

// The row of a version; NULL when nothing is known of it.
const struct tls_version_observation *tls_matrix_row(const struct observation *observation, uint16_t version);

// The newest version that is offered; 0 when none is known.
uint16_t tls_matrix_newest(const struct observation *observation);
