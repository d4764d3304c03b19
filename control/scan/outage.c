// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/outage.h"

#include <stdio.h>

#include "config/figures.h"

static void begin_tell(const struct outage_settings *settings)
{
    char wait[FIGURE_MAX];
    fprintf(stderr, "sonde: the link of %s is down: nothing is sent until it is up again, which is waited for %s\n",
            settings->interface, figure_duration((double)settings->wait_ns / 1e9, wait));
}

static void end_tell(const struct outage_settings *settings, bool gone, uint64_t down_ns)
{
    char text[FIGURE_MAX];
    if (gone)
        fprintf(stderr, "sonde: the interface %s is gone: the scan ends here", settings->interface);
    else
        fprintf(stderr, "sonde: the link of %s has been down for %s: the scan ends here", settings->interface,
                figure_duration((double)down_ns / 1e9, text));
    if (settings->folder != NULL)
        fprintf(stderr, "; once it is back, sonde scan --resume %s goes on", settings->folder);
    fputc('\n', stderr);
}

bool outage_watch(struct outage *outage, const struct outage_settings *settings, const struct commands *commands,
                  uint64_t now_ns)
{
    uint32_t link = atomic_load_explicit(&commands->link, memory_order_relaxed);
    char text[FIGURE_MAX];
    if (!outage->down)
        clock_awake_start(&outage->clock, now_ns);
    uint64_t awake_ns = clock_awake_ns(&outage->clock, now_ns, false);
    uint64_t down_ns = outage->down ? awake_ns - outage->since_ns : 0;
    if (outage->given_up)
        return false;
    if (link == LINK_UP) {
        if (outage->down)
            fprintf(stderr, "sonde: the link of %s is up again after %s; what was asked of late is asked again\n",
                    settings->interface, figure_duration((double)down_ns / 1e9, text));
        outage->down = false;
        return false;
    }
    if (!outage->down) {
        outage->down = true;
        outage->since_ns = awake_ns;
        if (link != LINK_GONE && settings->wait_ns > 0)
            begin_tell(settings);
    }
    outage->given_up = link == LINK_GONE || down_ns >= settings->wait_ns;
    if (outage->given_up)
        end_tell(settings, link == LINK_GONE, down_ns);
    return outage->given_up;
}
