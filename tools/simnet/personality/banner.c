// SPDX-License-Identifier: BSD-3-Clause
// A service that speaks first and understands nothing: its banner, once, and silence afterwards.
#include <errno.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"

static void banner_begin(struct visit *visit)
{
    const char *banner = visit->service->said->banner;
    buffer_put(&visit->output, banner, strlen(banner));
}

static void banner_bytes(struct visit *visit, struct bytes *input)
{
    (void)visit;
    (void)bytes_take(input, input->length);
}

static int banner_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    if (service->said->banner != NULL)
        return 0;
    snprintf(error, POPULATION_ERROR_MAX, "services.%.60s: expected a banner", service->said->name);
    return -EINVAL;
}

// Without what ends its last line.
static void banner_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    (void)identity;
    const char *banner = service->said->banner;
    json_object_set_new(record, "banner", json_stringn(banner, strcspn(banner, "\r\n")));
}

const struct personality personality_banner = {
    .name = "banner",
    .help = "says `banner` at once, and nothing more",
    .prepare = banner_prepare,
    .begin = banner_begin,
    .bytes = banner_bytes,
    .truth = banner_truth,
};
