// SPDX-License-Identifier: BSD-3-Clause
#include "config/image/catalogue.h"

const struct catalogue_service *catalogue_find_port(const struct catalogue *catalogue, uint16_t port)
{
    for (size_t i = catalogue->service_count; i > 0; i--) {
        const struct catalogue_service *service = &catalogue->services[i - 1];
        for (size_t p = 0; p < service->port_count; p++)
            if (service->ports[p] == port)
                return service;
    }
    return NULL;
}
