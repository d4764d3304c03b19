// SPDX-License-Identifier: BSD-3-Clause
#include "probes/protocol/http/http_request.h"

#include <stdio.h>

#include "probes/address.h"

enum { PORT_HTTP = 80, PORT_HTTPS = 443 };

const char *http_authority(const struct session *self, char ret_text[static HTTP_AUTHORITY_MAX])
{
    char address[ADDRESS_TEXT_MAX];
    char port[8] = "";
    if (self->port != (self->below == NULL ? PORT_HTTP : PORT_HTTPS))
        snprintf(port, sizeof(port), ":%u", self->port);
    snprintf(ret_text, HTTP_AUTHORITY_MAX, "%s%s",
             self->name != NULL ? self->name : address_text(self->address, address), port);
    return ret_text;
}
