// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/dataplane.h"

#include <rte_launch.h>
#include <rte_lcore.h>

#include "dataplane/housekeeping.h"
#include "dataplane/worker.h"

int dataplane_run(struct dataplane *dataplane, const _Atomic bool *terminate)
{
    const uint16_t *lcores = dataplane->image->settings->worker_lcores;
    struct housekeeping housekeeping = {.dataplane = dataplane, .terminate = terminate};
    pthread_t thread;
    struct worker *own = NULL;
    int status = 0;
    for (uint32_t i = 0; i < dataplane->worker_count && status == 0; i++)
        if (lcores[i] == rte_get_main_lcore())
            own = dataplane->workers[i];
        else
            status = rte_eal_remote_launch(worker_run, dataplane->workers[i], lcores[i]);
    if (status == 0)
        status = rte_ctrl_thread_create(&thread, "housekeeping", NULL, housekeeping_run, &housekeeping);
    if (status != 0) {
        atomic_store_explicit(&dataplane->stop, true, memory_order_release);
        rte_eal_mp_wait_lcore();
        return status < 0 ? status : -status;
    }
    if (own != NULL)
        (void)worker_run(own);
    rte_eal_mp_wait_lcore();
    (void)pthread_join(thread, NULL);
    return 0;
}
