// SPDX-License-Identifier: BSD-3-Clause
// Probe buffers that somebody has written to: a checking build finds each one, counts it, and sends the right frame.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/template.h"
#include "probes/packet/reply.h"
#include "tests/vdev/capture.h"
#include "tests/vdev/rig.h"
#include "tools/simnet/eal.h"

static const struct rig_plan PLAN = {
    .networks = {{0x0a500000, 0x0a5007ff}},
    .ports = {22, 80, 443, 8080},
};
enum { POSITIONS = 2048 * 4, IP_BYTES = 20, IP_OFFSET = 14 };

static struct rig rig;

static const struct probe_link LINK = {
    .source_mac = {2, 0, 0, 0, 0, 2}, .gateway_mac = {2, 0, 0, 0, 0, 1}, .vlan = 7, .vlan_given = true};

// The bytes that probe_write writes, by their names in the headers.
static bool varies(const struct probe_template *probe, uint32_t at)
{
    if (at < probe->ip_offset)
        return false;
    uint32_t ip = at - probe->ip_offset;
    bool identification_to_checksum = ip >= 4 && ip < 12;
    bool destination_to_ports = ip >= 16 && ip < IP_BYTES + 4;
    bool sequence = ip >= IP_BYTES + 4 && ip < IP_BYTES + 8;
    bool tcp_checksum = ip >= IP_BYTES + 16 && ip < IP_BYTES + 18;
    return identification_to_checksum || destination_to_ports || sequence || tcp_checksum;
}

static void bytes_check(struct rte_mbuf *mbuf, const struct probe_template *probe)
{
    uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
    template_write(mbuf, probe);
    cr_assert(template_intact(mbuf, probe));
    for (uint32_t i = 0; i < probe->frame_bytes; i++) {
        for (int bit = 0; bit < 8; bit++) {
            frame[i] ^= (uint8_t)(1 << bit);
            cr_assert_eq(template_intact(mbuf, probe), varies(probe, i), "byte %u", i);
            frame[i] ^= (uint8_t)(1 << bit);
        }
    }
    frame[probe->frame_bytes] ^= 0xff;
    cr_assert(template_intact(mbuf, probe), "what is not sent may change");
}

static void fields_check(struct rte_mbuf *mbuf, const struct probe_template *probe)
{
    for (int field = 0; field < 7; field++) {
        template_write(mbuf, probe);
        mbuf->data_len = (uint16_t)(mbuf->data_len - (field == 0));
        mbuf->pkt_len += field == 1;
        mbuf->data_off = (uint16_t)(mbuf->data_off + 4 * (field == 2));
        mbuf->nb_segs = (uint16_t)(mbuf->nb_segs + (field == 3));
        mbuf->next = field == 4 ? mbuf : NULL;
        mbuf->ol_flags = field == 5 ? RTE_MBUF_F_TX_TCP_CKSUM : 0;
        rte_mbuf_refcnt_update(mbuf, field == 6 ? 1 : 0);
        cr_assert_not(template_intact(mbuf, probe), "field %d", field);
        cr_assert_eq(templates_repair(&mbuf, 1, probe), 1);
        cr_assert(template_intact(mbuf, probe), "field %d", field);
        cr_assert_eq(templates_repair(&mbuf, 1, probe), 0);
    }
}

static void eal_end(void)
{
    eal_stop();
}

Test(templates, every_constant_bit_and_field_is_looked_at, .fini = eal_end)
{
    rig_eal("0", NULL, NULL);
    struct rte_mempool *pool = rte_pktmbuf_pool_create("one", 1, 0, 0, RTE_PKTMBUF_HEADROOM + 128, 0);
    cr_assert_not_null(pool);
    struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);
    cr_assert_not_null(mbuf);
    for (int profile = PROBE_PROFILE_MSS; profile <= PROBE_PROFILE_WINDOWS; profile++) {
        struct probe_template probe;
        probe_template_init(&probe, &LINK, RIG_SOURCE, (enum probe_profile)profile);
        bytes_check(mbuf, &probe);
        fields_check(mbuf, &probe);
    }
    template_write(mbuf, &(struct probe_template){.frame_bytes = 60});
    rte_pktmbuf_free(mbuf);
    rte_mempool_free(pool);
}

// Every buffer of the pool, in five ways.
static void buffer_corrupt(struct rte_mempool *pool, void *argument, void *object, unsigned index)
{
    struct rte_mbuf *mbuf = (struct rte_mbuf *)object;
    uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
    (void)pool;
    (void)argument;
    switch (index % 5) {
    case 0:
        frame[0] ^= 1; // the gateway's MAC
        break;
    case 1:
        frame[IP_OFFSET + IP_BYTES + 13] = TCP_SYN | TCP_RST;
        break;
    case 2:
        mbuf->data_len = 40;
        break;
    case 3:
        mbuf->data_off = (uint16_t)(mbuf->data_off + 2);
        break;
    default:
        frame[IP_OFFSET + 15] ^= 0x80; // our own address
        break;
    }
}

static void buffers_corrupt(struct rig *ready)
{
    rte_mempool_obj_iter(ready->dataplane.port.queues[0].templates, buffer_corrupt, NULL);
}

static void buffer_count(struct rte_mempool *pool, void *argument, void *object, unsigned index)
{
    uint64_t *intact = (uint64_t *)argument;
    (void)pool;
    (void)index;
    *intact += template_intact((const struct rte_mbuf *)object, &rig.dataplane.probe);
}

static void frame_check(void *context, const uint8_t *frame, size_t length)
{
    uint64_t *wrong = (uint64_t *)context;
    const struct probe_template *probe = &rig.dataplane.probe;
    *wrong += length != probe->frame_bytes || !probe_constant(frame, probe);
}

Test(templates, a_buffer_that_was_written_to_is_counted_and_sent_right)
{
    char path[] = "/tmp/sonde-vdev-XXXXXX";
    char device[128];
    uint64_t wrong = 0;
    uint64_t repaired = 0;
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(device, sizeof(device), "--vdev=net_pcap0,tx_pcap=%s", path);
    rig_eal("0", device, NULL);
    rig_init(&rig, &PLAN);
    rig.ready = buffers_corrupt;
    cr_assert_eq(rig_run(&rig), 0, "%s", rig.commands->error);
    // All were spoilt, so those that are whole now have been repaired; the port gives a few back at once, again and
    // again, and the others were never used.
    rte_mempool_obj_iter(rig.dataplane.port.queues[0].templates, buffer_count, &repaired);
    cr_assert_gt(repaired, 0);
    cr_assert_eq(rig_counter(&rig, COUNTER_TEMPLATES_REPAIRED), repaired);
    port_close(&rig.dataplane.port); // the capture is complete once the port is closed
    cr_assert_eq(capture_each(path, frame_check, &wrong), POSITIONS);
    cr_assert_eq(wrong, 0);
    unlink(path);
    rig_fini(&rig);
}
