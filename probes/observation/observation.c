// SPDX-License-Identifier: BSD-3-Clause
#include "probes/observation/observation.h"

#include <stdlib.h>
#include <string.h>

void observation_init(struct observation *observation)
{
    memset(observation, 0, sizeof(*observation));
}

void observation_fini(struct observation *observation)
{
    free(observation->ssh);
    free(observation->tls);
    free(observation->http);
    observation_init(observation);
}

struct ssh_observation *observation_ssh(struct observation *observation)
{
    if (observation->ssh == NULL) {
        observation->ssh = calloc(1, sizeof(*observation->ssh));
    }
    return observation->ssh;
}

struct tls_observation *observation_tls(struct observation *observation)
{
    if (observation->tls == NULL) {
        observation->tls = calloc(1, sizeof(*observation->tls));
    }
    return observation->tls;
}

struct http_observation *observation_http(struct observation *observation)
{
    if (observation->http == NULL) {
        observation->http = calloc(1, sizeof(*observation->http));
    }
    return observation->http;
}

void observation_text(char *ret_text, size_t size, const void *data, size_t length)
{
    const char *from = data;
    size_t written = 0;
    for (size_t at = 0; at < length && written + 1 < size; at++) {
        if (from[at] != '\0') {
            ret_text[written++] = from[at];
        }
    }
    ret_text[written] = '\0';
}
