// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/ssh/ssh_others.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "probes/session/env.h"
#include "probes/session/registry.h"

// The kinds of host keys, and the algorithms by which each is asked for. An errand's argument is a place in it, from 1.
static const struct {
    const char *type; // in the key's blob
    const char *algorithms;
} kinds[] = {
    {"ssh-ed25519", "ssh-ed25519"},
    {"ssh-rsa", "rsa-sha2-256,rsa-sha2-512,ssh-rsa"},
    {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
    {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
    {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
    {"ssh-dss", "ssh-dss"},
    {"ssh-ed448", "ssh-ed448"},
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static bool is_offered(const struct list *offered, const char *algorithms)
{
    struct bytes list = bytes_of(algorithms, strlen(algorithms));
    struct bytes each;
    while (ssh_list_next(&list, &each))
        for (uint32_t at = 0; at < offered->count; at++)
            if (offered->names[at].length == each.length &&
                memcmp(offered->names[at].data, each.data, each.length) == 0)
                return true;
    return false;
}

void ssh_others_ask(struct session *self)
{
    const struct ssh_observation *ssh = self->observation->ssh;
    if (!self->env->ssh_host_keys || self->below != NULL || ssh == NULL || !ssh->known.host_key_type)
        return;
    for (uint32_t at = 0; at < KINDS; at++) {
        const struct errand errand = {.kind = ERRAND_MATRIX, .first = &session_ssh, .argument = at + 1};
        if (!text_is(&ssh->host_key_type, kinds[at].type) &&
            is_offered(&ssh->host_key_algorithms, kinds[at].algorithms))
            (void)session_ask(self, &errand);
    }
}

int ssh_others_begin(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    uint32_t argument = session_argument(self);
    if (self->below != NULL || argument == 0 || argument > KINDS)
        return 0;
    state->aside = calloc(1, sizeof(*state->aside));
    if (state->aside == NULL)
        return -ENOMEM;
    observation_init(state->aside);
    state->whole = self->observation;
    state->wanted = kinds[argument - 1].algorithms;
    self->observation = state->aside;
    return 0;
}

void ssh_others_learn(struct session *self)
{
    const struct ssh_state *state = (const struct ssh_state *)self->state;
    const struct ssh_observation *shown = state->aside->ssh;
    if (shown == NULL || !shown->known.host_key_type || !shown->known.host_key_sha256)
        return;
    void *row = learn_row(state->whole, FIELD(ssh, other_host_keys));
    if (row == NULL)
        return;
    const struct text *type = &shown->host_key_type;
    const struct text *sha256 = &shown->host_key_sha256;
    learn_text_in(state->whole, row, FIELD(ssh_key, type), type->data, type->length);
    learn_text_in(state->whole, row, FIELD(ssh_key, sha256), sha256->data, sha256->length);
    if (shown->known.host_key_bits)
        learn_number_in(state->whole, row, FIELD(ssh_key, bits), shown->host_key_bits);
    if (shown->known.host_key_verified)
        learn_flag_in(state->whole, row, FIELD(ssh_key, verified), shown->host_key_verified);
}

void ssh_others_fini(struct session *self)
{
    struct ssh_state *state = (struct ssh_state *)self->state;
    if (state->aside == NULL)
        return;
    state->whole->failed = state->whole->failed || state->aside->failed;
    self->observation = state->whole;
    observation_fini(state->aside);
    free(state->aside);
    state->aside = NULL;
}
