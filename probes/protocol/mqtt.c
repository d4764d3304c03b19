// SPDX-License-Identifier: BSD-3-Clause
// MQTT (3.1.1, OASIS): CONNECT with a clean session and without a user, and DISCONNECT. The identifier is one that
// nobody has, because a broker throws out who has it already. Nothing is subscribed to, and nothing published.

#include <openssl/rand.h>
#include <stdio.h>

#include "probes/session/detect.h"
#include "probes/session/env.h"
#include "probes/session/registry.h"

enum {
    CONNACK_BYTES = 4,
    IDENTIFIER_RANDOM = 8,
};

// Protocol MQTT of level 4, clean session, a minute's patience, an identifier of 22 bytes.
#define CONNECT    "\x10\x22\x00\x04MQTT\x04\x02\x00\x3c\x00\x16sonde-"
#define DISCONNECT "\xe0\x00"

static const struct say mqtt_says[] = {SAY(CONNECT), SAY_ANY(2 * IDENTIFIER_RANDOM), SAY_END, SAY(DISCONNECT), SAY_END,
                                       SAYS_END};

// CONNACK: two bytes follow, of which the first is a flag (3.2).
static enum recognition mqtt_recognise(const uint8_t *data, size_t length)
{
    static const int16_t connack[] = {0x20, 2, RECOGNISE_ANY, RECOGNISE_ANY};
    if (length >= 3 && data[2] > 1)
        return RECOGNITION_NOT_MINE;
    return recognise_octets(data, length, connack, sizeof(connack) / sizeof(connack[0]));
}

static struct session_result mqtt_open(struct session *self)
{
    uint8_t random[IDENTIFIER_RANDOM];
    char hex[2 * IDENTIFIER_RANDOM + 1];
    if (RAND_bytes(random, sizeof(random)) != 1)
        return session_failed();
    for (size_t octet = 0; octet < IDENTIFIER_RANDOM; octet++)
        (void)snprintf(hex + 2 * octet, 3, "%02x", random[octet]);
    if (session_send(self, (const uint8_t *)CONNECT, sizeof(CONNECT) - 1) != 0)
        return session_failed();
    return session_send_text(self, hex) == 0 ? session_wait(self->env->answer_ms) : session_failed();
}

// 3.2.2.3; from 128 on those of MQTT 5, which a broker may send who speaks nothing else.
static const char *refusal_of(uint8_t code)
{
    static const char *const names[] = {NULL,          "version",         "identifier",
                                        "unavailable", "bad-credentials", "not-authorised"};
    if (code < sizeof(names) / sizeof(names[0]))
        return names[code];
    return code == 0x84 ? "version" : code == 0x86 ? "bad-credentials" : code == 0x87 ? "not-authorised" : NULL;
}

static struct session_result mqtt_bytes(struct session *self, struct bytes *input)
{
    struct observation *observation = self->observation;
    enum recognition found = mqtt_recognise(input->data, input->length);
    if (found == RECOGNITION_NOT_MINE)
        return detect_other(self, input);
    if (found == RECOGNITION_UNDECIDED)
        return session_wait(self->env->answer_ms);
    struct bytes connack = bytes_slice(input, CONNACK_BYTES);
    (void)bytes_take(&connack, CONNACK_BYTES - 1);
    uint8_t code = bytes_u8(&connack);
    const char *refusal = refusal_of(code);
    bool refused = code == 4 || code == 5 || code == 0x86 || code == 0x87;
    learn_constant(observation, FIELD(root, service), "mqtt");
    learn_number(observation, FIELD(mqtt, return_code), code);
    if (refusal != NULL)
        learn_constant(observation, FIELD(mqtt, refusal), refusal);
    if (code == 0 || refused)
        learn_flag(observation, FIELD(root, open), code == 0);
    observation->finished = code == 0 || refused;
    return code == 0 ? SESSION_END_LITERAL(self, DISCONNECT) : session_done();
}

static struct session_result mqtt_event(struct session *self, enum session_event event)
{
    (void)event;
    return detect_nothing(self);
}

const struct session_ops session_mqtt = {
    .name = "mqtt",
    .start = SESSION_CLIENT_FIRST,
    .recognise = mqtt_recognise,
    .says = mqtt_says,
    .open = mqtt_open,
    .bytes = mqtt_bytes,
    .event = mqtt_event,
};
