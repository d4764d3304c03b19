// SPDX-License-Identifier: BSD-3-Clause
#include "probes/session/env.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probes/session/conversation.h"

enum { SILENCE_MS_DEFAULT = 2000, ANSWER_MS_DEFAULT = 5000 };

struct conversation_lane *conversation_lane_new(const struct conversation_settings *settings)
{
    // The system's openssl.cnf could forbid the old protocol versions that this program is asked to find.
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) != 1) {
        errno = ENOMEM;
        return NULL;
    }
    struct conversation_lane *lane = calloc(1, sizeof(*lane));
    if (lane == NULL) {
        return NULL;
    }
    lane->silence_ms = settings->silence_ms != 0 ? settings->silence_ms : SILENCE_MS_DEFAULT;
    lane->answer_ms = settings->answer_ms != 0 ? settings->answer_ms : ANSWER_MS_DEFAULT;
    lane->user_agent = strdup(settings->user_agent != NULL ? settings->user_agent : "sonde");
    // No line break of the plan's contact may begin a field of its own.
    for (char *at = lane->user_agent; at != NULL && *at != '\0'; at++) {
        *at = (unsigned char)*at < ' ' || *at == 0x7f ? ' ' : *at;
    }
    lane->tls = tls_context_new();
    // The C library opens /etc/localtime at the first use of a time, UTC included.
    tzset();
    uint8_t seeding[1];
    if (lane->user_agent == NULL || lane->tls == NULL || RAND_bytes(seeding, sizeof(seeding)) != 1) {
        conversation_lane_free(lane);
        errno = ENOMEM;
        return NULL;
    }
    return lane;
}

void conversation_lane_free(struct conversation_lane *lane)
{
    if (lane == NULL) {
        return;
    }
    SSL_CTX_free(lane->tls);
    free(lane->user_agent);
    free(lane);
}
