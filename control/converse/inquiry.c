// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/inquiry.h"

#include <stdlib.h>

void inquiry_fini(struct inquiry *inquiry)
{
    conversation_free(inquiry->conversation);
    flow_fini(&inquiry->flow);
    observation_fini(&inquiry->observation);
    free(inquiry->tail);
}
