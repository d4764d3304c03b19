// SPDX-License-Identifier: BSD-3-Clause
#include "control/converse/admission.h"

#include <stdbool.h>

static const double GROW = 1.25;
static const double CROWDED = 0.7;
static const uint64_t MOST = UINT64_C(1) << 20;

void admission_init(struct admission *admission, uint64_t most, uint64_t now_ns)
{
    most = most == 0 || most > MOST ? MOST : most;
    *admission = (struct admission){
        .window = most < ADMISSION_START ? (double)most : ADMISSION_START,
        .most = (double)most,
        .changed_ns = now_ns,
    };
}

static double window_bound(const struct admission *admission, double window)
{
    double least = admission->most < ADMISSION_MIN ? admission->most : ADMISSION_MIN;
    window = window < least ? least : window;
    return window > admission->most ? admission->most : window;
}

static void window_change(struct admission *admission, double window, uint64_t now_ns)
{
    admission->window = window_bound(admission, window);
    admission->changed_ns = now_ns;
    admission->wait_sum = 0;
    admission->wait_count = 0;
    admission->high = 0;
}

void admission_crowded(struct admission *admission, uint64_t now_ns)
{
    if (now_ns - admission->changed_ns >= ADMISSION_PERIOD_NS)
        window_change(admission, admission->window * CROWDED, now_ns);
}

// What the waits say: more, less (by Little's law, as much as would have been handled in time), or as before. Where
// nothing came nothing waited: hosts that are silent hold their slots, and others must not stand behind them.
static double window_judge(const struct admission *admission)
{
    double mean = admission->wait_count == 0 ? 0 : (double)admission->wait_sum / (double)admission->wait_count;
    if (mean > (double)ADMISSION_LATE_NS)
        return admission->window * (double)ADMISSION_PROMPT_NS / mean;
    bool used = (double)admission->high >= admission->window * 0.75;
    return mean < (double)ADMISSION_PROMPT_NS && used ? admission->window * GROW : admission->window;
}

// Whether there is something to go by: while only what is older than the window comes, that is not known yet.
static bool window_known(const struct admission *admission, uint64_t now_ns)
{
    return admission->wait_count > 0 || admission->behind_ns == 0 ||
           now_ns - admission->behind_ns >= 4 * ADMISSION_PERIOD_NS;
}

uint64_t admission_window(struct admission *admission, uint64_t open, uint64_t now_ns)
{
    admission->high = open > admission->high ? open : admission->high;
    if (now_ns - admission->changed_ns >= ADMISSION_PERIOD_NS && window_known(admission, now_ns))
        window_change(admission, window_judge(admission), now_ns);
    return (uint64_t)admission->window;
}
