// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/template.h"

#include <string.h>

#include <rte_mbuf.h>

void template_write(struct rte_mbuf *mbuf, const struct probe_template *probe)
{
    mbuf->data_off = RTE_PKTMBUF_HEADROOM;
    mbuf->data_len = (uint16_t)probe->frame_bytes;
    mbuf->pkt_len = probe->frame_bytes;
    mbuf->nb_segs = 1;
    mbuf->next = NULL;
    mbuf->ol_flags = 0;
    mbuf->vlan_tci = 0;
    rte_mbuf_refcnt_set(mbuf, 1);
    memcpy(rte_pktmbuf_mtod(mbuf, void *), probe->frame, probe->frame_bytes);
}

bool template_intact(const struct rte_mbuf *mbuf, const struct probe_template *probe)
{
    return mbuf->data_off == RTE_PKTMBUF_HEADROOM && mbuf->data_len == probe->frame_bytes &&
           mbuf->pkt_len == probe->frame_bytes && mbuf->nb_segs == 1 && mbuf->next == NULL && mbuf->ol_flags == 0 &&
           mbuf->vlan_tci == 0 && rte_mbuf_refcnt_read(mbuf) == 1 &&
           probe_constant(rte_pktmbuf_mtod(mbuf, const uint8_t *), probe);
}

uint32_t templates_repair(struct rte_mbuf **mbufs, uint32_t count, const struct probe_template *probe)
{
    uint32_t repaired = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (template_intact(mbufs[i], probe))
            continue;
        template_write(mbufs[i], probe);
        repaired++;
    }
    return repaired;
}
