// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// One protocol's side of a conversation: a state machine on bytes, as one const table. It sees events and says what
// shall happen next; it knows nothing of TCP, sockets or clocks. CONTRIBUTING.md has what adding a protocol touches.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/buffer.h"
#include "probes/bytes.h"
#include "probes/observation/observation.h"
#include "probes/session/agenda.h"
#include "probes/session/echo.h"
#include "probes/session/says.h"

struct conversation;
struct session_env;
struct session_ops;

enum session_verb {
    SESSION_FAILED = 0, // out of memory
    SESSION_WAIT,       // for bytes, at most wait_ms of silence
    SESSION_DONE,       // this connection is done; also of a session whose peer closed it from within
    SESSION_OVER,       // stack `next` on this session, which carries its bytes from now on
    SESSION_BECOME,     // `next` takes this session's place on the same connection, unread input included
    SESSION_OVERHEAR,   // the same, but `next` says nothing and asks for nothing: the words it hears answered another's
};

struct session_result {
    enum session_verb verb;
    uint32_t wait_ms;
    const struct session_ops *next;
};

enum session_event {
    SESSION_SILENCE = 0, // wait_ms passed without a byte
    SESSION_CLOSED,      // the other side will send no more
    SESSION_ABOVE_ENDED, // the session stacked on this one has ended: say goodbye; the result is not looked at
};

// Who opens the dialogue. A server that was heard before we said anything goes on with the session of its protocol on
// the same connection where the server speaks first; a client's protocol needs a connection of its own.
enum session_start { SESSION_SERVER_FIRST = 0, SESSION_CLIENT_FIRST };

// What the first bytes of a server say about whose they are. The answer for a longer piece of the same stream differs
// only where it was undecided. Shared are words that this protocol's servers say, and others too: they are worth a
// question, and name nobody.
enum recognition { RECOGNITION_NOT_MINE = 0, RECOGNITION_SHARED, RECOGNITION_UNDECIDED, RECOGNITION_MINE };

// Whether a stream begins with this text.
enum recognition recognise_text(const uint8_t *data, size_t length, const char *text);

// Whether it begins with these octets, of which RECOGNISE_ANY stands for whatever there may be.
enum { RECOGNISE_ANY = -1 };
enum recognition recognise_octets(const uint8_t *data, size_t length, const int16_t *octets, size_t count);

enum { SESSION_SAID_KEPT = 64 };

// A running session. Its state of ops->state_size bytes follows, all-zero before open.
struct session {
    const struct session_ops *ops;
    struct conversation *conversation;
    struct session_env *env;
    struct observation *observation;
    struct session *below; // carries our bytes; NULL for the connection itself
    struct buffer input;   // not consumed yet
    const char *name;      // the host name that was asked for (conversation_name); NULL: its address alone
    uint64_t bit;          // its row's (session_bit)
    uint32_t address;      // host byte order
    uint32_t wait_ms;      // of the last SESSION_WAIT
    uint16_t port;
    uint8_t said_length;             // of said
    bool believed;                   // it has taken bytes: they were of its protocol
    bool decided;                    // what came is somebody's, or nobody's; private like echo
    bool mute;                       // it only overhears,
    bool spoke_up;                   // and would have said something, had it been allowed to
    enum echo echo;                  // what the input so far repeats; private to hearing and listen
    uint8_t said[SESSION_SAID_KEPT]; // what was said first on this layer, by whatever session
    _Alignas(max_align_t) uint8_t state[];
};

struct session_ops {
    const char *name;    // "" is listening first
    const char *service; // what its servers are, where it is one of several sessions for them; NULL: its name
    size_t state_size;
    enum session_start start;
    // In which order servers that say nothing are asked in this protocol though their port suggested another one: from
    // 1; 0 = only those whose port or words suggest it.
    uint8_t guess;
    bool preamble; // lines of text may precede its own words
    bool upgrades; // it can ask for TLS on its own connection (STARTTLS), which it carries from then on
    bool counted;  // its servers lock out whose connections end without a login: of TLS behind it, one is enough
    // What it says to whoever speaks to it: fields of the part of its name, NULL behind the last. They are learnt from
    // its answer to another protocol's words, which teaches nothing else. NULL: there are none.
    const struct field *const *overheard;
    // Judges at least one byte of a server's stream. NULL: it has no words of its own.
    enum recognition (*recognise)(const uint8_t *data, size_t length);
    // Every message that can leave, ends with SAYS_END (probes/session/says.h). NULL: it says nothing.
    const struct say *says;
    // The session begins. Input that is already there is fed afterwards.
    struct session_result (*open)(struct session *self);
    // Everything not consumed so far. What is not taken from *input comes again with the next byte. To be independent
    // of how bytes were cut, a decision may depend on a position in the stream, never on how much happened to arrive.
    // NULL: it is spoken over datagrams.
    struct session_result (*bytes)(struct session *self, struct bytes *input);
    // One whole datagram. NULL: it is spoken over a stream.
    struct session_result (*datagram)(struct session *self, struct bytes payload);
    struct session_result (*event)(struct session *self, enum session_event event);
    // Carries the bytes of the session above; 0 or -errno. NULL: nothing can be stacked on this session.
    int (*seal)(struct session *self, const uint8_t *data, size_t length);
    // Releases what the state owns; NULL: it owns nothing.
    void (*fini)(struct session *self);
};

static inline struct session_result session_failed(void)
{
    return (struct session_result){.verb = SESSION_FAILED};
}

static inline struct session_result session_wait(uint32_t wait_ms)
{
    return (struct session_result){.verb = SESSION_WAIT, .wait_ms = wait_ms};
}

static inline struct session_result session_done(void)
{
    return (struct session_result){.verb = SESSION_DONE};
}

static inline struct session_result session_next(enum session_verb verb, const struct session_ops *next)
{
    return (struct session_result){.verb = verb, .next = next};
}

// Sends through whatever carries the session. 0 or -errno (-ENOMEM).
int session_send(struct session *self, const uint8_t *data, size_t length);

// The same for a text without its NUL.
int session_send_text(struct session *self, const char *text);

// The same for a literal, NUL bytes in it included, and waits for an answer.
#define SESSION_ASK_LITERAL(self, literal)                                                                             \
    (session_send((self), (const uint8_t *)(literal), sizeof(literal) - 1) == 0 ? session_wait((self)->env->answer_ms) \
                                                                                : session_failed())

// The same as the last thing that is said.
#define SESSION_END_LITERAL(self, literal)                                                                             \
    (session_send((self), (const uint8_t *)(literal), sizeof(literal) - 1) == 0 ? session_done() : session_failed())

// True once anything was sent on this layer - the connection, or the tunnel - by whatever session.
bool session_said(const struct session *self);

// True once the other side has ended the connection.
bool session_ended(const struct session *self);

// Which sessions were tried on this layer; valid as long as the session.
const struct trials *session_trials(const struct session *self);

// What this connection was made for, and the agenda that has what others are for; valid as long as the session.
const struct errand *session_errand(const struct session *self);
const struct agenda *session_agenda(const struct session *self);

// Asks for a further connection when this one is done (probes/session/agenda.h). False when the budget of its kind is
// spent, or the protocol was asked already.
bool session_ask(struct session *self, const struct errand *errand);

// The argument of the errand that this connection is for (probes/session/agenda.h); 0 when it has none.
uint32_t session_argument(const struct session *self);

// Of a session that upgrades: whether this connection is for that alone. What it teaches is known then.
bool session_upgrades_only(const struct session *self);

// The peer is ready for TLS: what begins now, stacked on this session. All that follows is for it.
struct session_result session_upgrade(const struct session *self);

// While it carries TLS, what a session that upgrades does with bytes, and its `seal`.
struct session_result upgrade_bytes(struct session *self, struct bytes *input);
int upgrade_seal(struct session *self, const uint8_t *data, size_t length);

// The session that has made this connection one of TLS: where there is one, it also speaks inside, without a greeting.
// NULL when the connection began with TLS, or has none.
const struct session_ops *session_upgraded(const struct session *self);

// What is wanted inside the tunnel that this session makes; NULL: nothing was said about it (probes/session/tunnel.h
// knows what then).
const struct session_ops *session_inner(const struct session *self);

// Of a session that carries another: hands it bytes of its own layer. 0 or -errno (-ENOMEM).
int session_deliver(struct session *self, const uint8_t *data, size_t length);

// True when another session is stacked on this one.
bool session_carries(const struct session *self);
