// SPDX-License-Identifier: BSD-3-Clause
// A visit to whatever personality, apart from the table of them, because some visits carry others.
#include <stdlib.h>

#include "tools/simnet/personality/personality.h"

const struct identity *service_identity(const struct service *service, uint32_t host)
{
    return service->identity_count == 0 ? NULL : &service->identities[host % service->identity_count];
}

bool visit_begin(struct visit *visit, const struct service *service, uint32_t host, struct crypto *crypto)
{
    *visit = (struct visit){.service = service, .identity = service_identity(service, host), .crypto = crypto};
    if (service->personality->state_bytes > 0) {
        visit->state = calloc(1, service->personality->state_bytes);
        if (visit->state == NULL)
            return false;
    }
    if (service->personality->begin != NULL)
        service->personality->begin(visit);
    visit_more(visit);
    return !visit->output.failed;
}

void visit_more(struct visit *visit)
{
    if (!visit->over && visit->service->personality->more != NULL && visit->output.length < VISIT_MORE_BELOW)
        visit->service->personality->more(visit);
}

void visit_carry(struct visit *visit, struct visit *inner, struct bytes *input)
{
    size_t length = input->length;
    if (length > 0)
        visit_bytes(inner, bytes_take(input, length), length);
    else
        visit_more(inner);
    buffer_put(&visit->output, buffer_bytes(&inner->output), inner->output.length);
    buffer_drop(&inner->output, inner->output.length);
    visit->over = inner->over;
}

void visit_end(struct visit *visit)
{
    if (visit->state != NULL && visit->service->personality->end != NULL)
        visit->service->personality->end(visit);
    buffer_fini(&visit->input);
    buffer_fini(&visit->output);
    free(visit->state);
    visit->state = NULL;
}

void visit_bytes(struct visit *visit, const uint8_t *data, size_t length)
{
    if (visit->over)
        return;
    // Most of what is said is read whole, and is never copied then.
    bool whole = visit->input.length == 0;
    if (!whole)
        buffer_put(&visit->input, data, length);
    struct bytes input = whole ? bytes_of(data, length) : bytes_of(buffer_bytes(&visit->input), visit->input.length);
    visit->service->personality->bytes(visit, &input);
    if (whole && !visit->over)
        buffer_put(&visit->input, input.data, input.length);
    else if (!whole)
        buffer_drop(&visit->input, visit->input.length - input.length);
    if (visit->input.failed || visit->output.failed || visit->input.length > VISIT_INPUT_MAX ||
        visit->output.length > VISIT_OUTPUT_MAX)
        visit->over = true;
    visit_more(visit);
}
