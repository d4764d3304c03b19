// SPDX-License-Identifier: BSD-3-Clause
// The table of a plan's keys, and the readers of its smaller values.
#include "config/plan/plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/prefix.h"

static int read_address(struct key_context *context, const char *path, const json_t *value, uint32_t *ret_address)
{
    struct interval interval;
    const char *text = json_string_value(value);
    if (text == NULL || strpbrk(text, "/-") != NULL || prefix_parse(text, &interval) != 0)
        return key_complain(context, path, "expected an IPv4 address like \"10.0.0.1\"");
    *ret_address = interval.first;
    return 0;
}

static int read_source_address(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    struct interval interval;
    const char *text = json_string_value(value);
    if (text == NULL || prefix_parse(text, &interval) != 0 || interval.first == 0 ||
        interval.last - interval.first >= IMAGE_SOURCES_MAX)
        return key_complain(
            context, path,
            "expected an IPv4 address like \"10.0.0.1\", or at most %d that lie beside each other, like "
            "\"10.0.0.8/29\" or \"10.0.0.1-10.0.0.4\"",
            IMAGE_SOURCES_MAX);
    plan->source.address_given = true;
    plan->source.address = interval.first;
    plan->source.address_count = interval.last - interval.first + 1;
    return 0;
}

static int read_gateway(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    plan->source.gateway_given = true;
    return read_address(context, path, value, &plan->source.gateway);
}

// Six pairs of hexadecimal digits between colons; no multicast and no all-zero address.
static int read_mac(struct key_context *context, const char *path, const json_t *value, uint8_t *ret_mac)
{
    static const char hex[] = "0123456789abcdef0123456789ABCDEF";
    const char *text = json_string_value(value);
    uint8_t mac[6];
    unsigned int any = 0;
    bool valid = text != NULL && strlen(text) == 17;
    for (size_t i = 0; valid && i < 6; i++) {
        const char *high = strchr(hex, text[3 * i]);
        const char *low = strchr(hex, text[3 * i + 1]);
        valid = high != NULL && low != NULL && text[3 * i + 2] == (i < 5 ? ':' : '\0');
        unsigned int octet = valid ? (unsigned int)(high - hex) % 16 * 16 + (unsigned int)(low - hex) % 16 : 0;
        mac[i] = (uint8_t)octet;
        any |= octet;
    }
    if (!valid || any == 0 || (mac[0] & 1) != 0)
        return key_complain(context, path, "expected a unicast MAC address like \"02:00:00:00:00:01\"");
    memcpy(ret_mac, mac, sizeof(mac));
    return 0;
}

static int read_source_mac(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    plan->source.mac_given = true;
    return read_mac(context, path, value, plan->source.mac);
}

static int read_gateway_mac(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    plan->source.gateway_mac_given = true;
    return read_mac(context, path, value, plan->source.gateway_mac);
}

static int read_vlan(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 4094)
        return key_complain(context, path, "expected an 802.1Q VLAN id from 1 to 4094");
    plan->source.vlan_given = true;
    plan->source.vlan = (uint16_t)json_integer_value(value);
    return 0;
}

static int read_own_ports(struct key_context *context, const char *path, const json_t *value, uint16_t *ret_first,
                          uint16_t *ret_count)
{
    unsigned int first = 0;
    unsigned int last = 0;
    int end = 0;
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) > 11 || text[strspn(text, "0123456789-")] != '\0' ||
        sscanf(text, "%5u-%5u%n", &first, &last, &end) != 2 || text[end] != '\0' || first < 1024 || last > 65535 ||
        first > last || last - first + 1 > PLAN_SOURCE_PORTS_MAX)
        return key_complain(context, path,
                            "expected a range of at most %d ports from 1024 to 65535, like \"16384-24575\"",
                            PLAN_SOURCE_PORTS_MAX);
    *ret_first = (uint16_t)first;
    *ret_count = (uint16_t)(last - first + 1);
    return 0;
}

static int read_probe_ports(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_source *source = &((struct plan *)context->target)->source;
    int error = read_own_ports(context, path, value, &source->probe_port_first, &source->probe_port_count);
    if (error == 0 && (source->probe_port_count & (source->probe_port_count - 1)) != 0)
        return key_complain(context, path, "holds %u ports, expected a power of two (for the cookie fills whole bits)",
                            source->probe_port_count);
    return error;
}

static int read_flow_ports(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_source *source = &((struct plan *)context->target)->source;
    return read_own_ports(context, path, value, &source->flow_port_first, &source->flow_port_count);
}

static int read_seed(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return key_complain(context, path, "expected an integer from 0 to 9223372036854775807");
    plan->seed_given = true;
    plan->seed = (uint64_t)json_integer_value(value);
    return 0;
}

static int read_shard(struct key_context *context, const char *path, const json_t *value)
{
    struct plan_private *own = context->target;
    unsigned int shard = 0;
    unsigned int shards = 0;
    int end = 0;
    const char *text = json_string_value(value);
    if (text == NULL || text[strspn(text, "0123456789/")] != '\0' ||
        sscanf(text, "%5u/%5u%n", &shard, &shards, &end) != 2 || text[end] != '\0' || shard < 1 || shard > shards)
        return key_complain(context, path, "expected which of how many, like \"3/8\"");
    own->shard = shard;
    own->shards = shards;
    return 0;
}

// It goes into HTTP headers and banners: printable ASCII only, and something that can be written to.
static int read_contact(struct key_context *context, const char *path, const json_t *value)
{
    struct plan *plan = context->target;
    const char *text = json_string_value(value);
    bool valid = text != NULL && strlen(text) <= 200;
    for (size_t i = 0; valid && text[i] != '\0'; i++)
        valid = text[i] > ' ' && text[i] < 0x7f && strchr("()<>\"\\", text[i]) == NULL;
    if (!valid || (text[0] != '\0' && strchr(text, '@') == NULL && strstr(text, "://") == NULL))
        return key_complain(context, path, "expected a mail address or URL without blanks, of at most 200 characters");
    free(plan->contact);
    plan->contact = strdup(text);
    return plan->contact == NULL ? -ENOMEM : 0;
}

#define AT(member)      .offset = offsetof(struct plan_private, plan.member)
#define PRIVATE(member) .offset = offsetof(struct plan_private, member)
#define READ_BY(reader) .type = KEY_CUSTOM, .read = reader

static const struct key device_keys[] = {
    {.name = "eal",
     .type = KEY_STRINGS,
     AT(device.eal),
     .fallback = "[]",
     .help = "Further options of DPDK's EAL, such as [\"--no-huge\", \"-m\", \"512\"]; only harmless ones are taken."},
    {.name = "vdev",
     .type = KEY_STRING,
     AT(device.vdev),
     .fallback = "\"\"",
     .help = "A DPDK virtual device, such as \"net_af_packet0,iface=veth0\"."},
    {.name = "port",
     .type = KEY_STRING,
     AT(device.port),
     .fallback = "\"\"",
     .help = "PCI address of the card to use, or the name of a virtual device when there are several."},
    {.name = "lcores",
     READ_BY(plan_read_lcores),
     .expected = "lcores like \"1-3,5\" or [1, 2]",
     .help = "The cores of the workers, one worker each; the command chooses when it is absent."},
    {0},
};

static const struct key source_keys[] = {
    {.name = "address",
     READ_BY(read_source_address),
     .expected = "IPv4 address, or several as CIDR or range",
     .help = "Our address; on a virtual device the interface's by default. Of several, at most 256, each host is asked "
             "from one."},
    {.name = "mac",
     READ_BY(read_source_mac),
     .expected = "MAC address",
     .help = "Our MAC address; the port's own by default."},
    {.name = "gateway",
     READ_BY(read_gateway),
     .expected = "IPv4 address",
     .help = "The next hop; on a virtual device what the kernel's routes say by default."},
    {.name = "gateway_mac",
     READ_BY(read_gateway_mac),
     .expected = "MAC address",
     .help = "The next hop's MAC address; asked for with ARP by default."},
    {.name = "on_link",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_on_link),
     .expected = "array of CIDRs and ranges",
     .help = "Networks on the link, whose addresses are asked for with ARP one by one; on a virtual device what the "
             "kernel's routes say by default."},
    {.name = "vlan",
     .words = KEY_WORDS_NUMBER,
     READ_BY(read_vlan),
     .expected = "integer, 1 to 4094",
     .help = "802.1Q VLAN id of every frame; untagged by default."},
    {.name = "probe_ports",
     READ_BY(read_probe_ports),
     .expected = "range of ports, a power of two",
     .fallback = "\"16384-24575\"",
     .help = "Source ports of probes."},
    {.name = "flow_ports",
     READ_BY(read_flow_ports),
     .expected = "range of ports",
     .fallback = "\"24576-32767\"",
     .help = "Source ports of further connections; must not meet probe_ports."},
    {0},
};

// ranges stands before targets and exclude, which refer to it, and behind feeds, to which it may refer.
const struct key plan_keys[] = {
    {.name = "device", .type = KEY_OBJECT, .keys = device_keys, .help = "How DPDK is started; a scan needs it."},
    {.name = "source", .type = KEY_OBJECT, .keys = source_keys, .help = "Who asks."},
    {.name = "feeds",
     .type = KEY_STRING,
     .is_path = true,
     AT(feeds),
     .fallback = "\"\"",
     .help =
         "Folder of feeds, which say what is known to be wrong with software that is found; --feeds comes before it."},
    {.name = "ranges",
     .words = KEY_WORDS_PAIRS,
     .is_path = true,
     READ_BY(plan_read_ranges),
     .expected = "object of provider: file, or \"feeds\"",
     .help =
         "The providers' published range files, by provider: AWS, Azure, Google, Oracle, Fastly, geofeeds, lists; or "
         "\"feeds\": all those of the folder of feeds (sonde feeds update clouds)."},
    {.name = "targets",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_targets),
     .required = true,
     .expected = "array of CIDRs, ranges, addresses with a port, host names, {\"file\"} and {\"provider\", "
                 "\"service\", \"region\"}",
     .help = "What to scan: a host name is looked up once, and stays as {\"name\", \"addresses\"}, by which its "
             "servers are "
             "called; {\"file\"} is a list of networks or a provider's range file; {\"provider\"} takes from "
             "ranges what "
             "matches, service and region may be left out, all three are glob patterns."},
    {.name = "exclude",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_exclude),
     .expected = "array, as targets",
     .help = "What not to scan, whatever targets says; the site's own list is excluded besides."},
    {.name = "allow_reserved",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_allow_reserved),
     .expected = "true, or array of names and CIDRs",
     .help = "Special-purpose networks (RFC 6890) that may be scanned, such as \"private-use\" or \"10.0.0.0/8\"."},
    {.name = "services",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_services),
     .required = true,
     .expected = "array of service names, \"all\", ports, ranges of ports, and {\"name\", \"port\", \"session\"}",
     .help = "Which ports to ask."},
    {.name = "rate",
     .type = KEY_RATE,
     PRIVATE(rate),
     .minimum = 0.001,
     .maximum = 1e9,
     .fallback = "\"10 kpps\"",
     .help = "Probes a second over all workers, or their bits on the wire."},
    {.name = "network_rate",
     .type = KEY_RATE,
     PRIVATE(network_rate),
     .minimum = 0.001,
     .maximum = 1e9,
     .fallback = "\"1 kpps\"",
     .help = "The most probes a second to one /24, to which the rate is lowered, and the most further connections."},
    {.name = "attempts",
     .type = KEY_COUNT32,
     AT(attempts),
     .minimum = 1,
     .maximum = 16,
     .fallback = "1",
     .help = "How often a silent target is asked."},
    {.name = "attempt_gap",
     .type = KEY_DURATION,
     AT(attempt_gap_ns),
     .maximum = 3600,
     .fallback = "\"1 s\"",
     .help = "The least time between two attempts."},
    {.name = "cooldown",
     .type = KEY_DURATION,
     AT(cooldown_ns),
     .maximum = 3600,
     .fallback = "\"5 s\"",
     .help = "How long late answers are waited for after the last probe."},
    {.name = "link_wait",
     .type = KEY_DURATION,
     AT(link_wait_ns),
     .maximum = 86400,
     .fallback = "\"60 s\"",
     .help = "How long a link that goes down in mid-scan is waited for before the scan ends as interrupted."},
    {.name = "converse",
     .type = KEY_CHOICE,
     AT(converse),
     .choices = "none now later",
     .fallback = "\"now\"",
     .help = "Talk on the probe's own connection, on a fresh one when there is room, or not at all."},
    {.name = "answers",
     .type = KEY_CHOICE,
     AT(answers),
     .choices = "open closed all",
     .fallback = "\"open\"",
     .help = "Which answers become records: of ports that accept; of ports that refuse too, with the outcome closed; "
             "and all, of what routers and firewalls report unreachable."},
    {.name = "converse_rate",
     .type = KEY_RATE,
     PRIVATE(converse_rate),
     .minimum = 1,
     .maximum = 1e9,
     .fallback = "\"100 kpps\"",
     .help = "The most frames a second for all conversations together."},
    {.name = "host_rate",
     .type = KEY_RATE,
     PRIVATE(host_rate),
     .minimum = 1,
     .maximum = 1e6,
     .fallback = "\"200 pps\"",
     .help = "Of these, the most to one address."},
    {.name = "host_time",
     .type = KEY_DURATION,
     AT(host_time_ns),
     .minimum = 1,
     .maximum = 3600,
     .fallback = "\"2 m\"",
     .help = "How long conversations with one host may last, all its ports together; what is left then is "
             "recorded as timeout."},
    {.name = "patience",
     .type = KEY_DURATION,
     AT(patience_ns),
     .minimum = 1,
     .maximum = 60,
     .fallback = "\"5 s\"",
     .help =
         "How long an answer is waited for, and for two fifths of it a server that may speak first; in three times it "
         "a port has to show what it speaks."},
    {.name = "max_open",
     .type = KEY_COUNT32,
     AT(max_open),
     .minimum = 1,
     .maximum = 1000000,
     .fallback = "10000",
     .help = "Conversations open at once; new probes wait while there are as many."},
    {.name = "seed",
     .words = KEY_WORDS_NUMBER,
     READ_BY(read_seed),
     .expected = "integer",
     .help = "Keys the order of the scan, so that it can be repeated; random by default."},
    {.name = "sample",
     .type = KEY_SHARE,
     PRIVATE(sample),
     .minimum = 1e-9,
     .maximum = 100,
     .fallback = "\"100 %\"",
     .help = "Share of all address and port pairs to ask, chosen by the seed."},
    {.name = "shard",
     READ_BY(read_shard),
     .expected = "which of how many",
     .fallback = "\"1/1\"",
     .help = "This machine's part of a scan that several share; they need the same seed."},
    {.name = "profile",
     .type = KEY_CHOICE,
     AT(profile),
     .choices = "mss none linux windows",
     .fallback = "\"mss\"",
     .help = "TCP options of a probe."},
    {.name = "ssh_host_keys",
     .type = KEY_BOOL,
     AT(ssh_host_keys),
     .fallback = "false",
     .help = "Ask SSH servers for their host keys of every type, on up to six further connections."},
    {.name = "ssh_none",
     .type = KEY_BOOL,
     AT(ssh_none),
     .fallback = "true",
     .help = "Ask SSH servers for their methods with one none request for a user that nobody has; false leaves before "
             "any user is named, and ssh.methods and ssh.no_authentication are absent."},
    {.name = "http_path",
     READ_BY(plan_read_http_path),
     .expected = "path",
     .fallback = "\"/\"",
     .help =
         "What HTTP servers are asked for; by their answer to another path than / no further service is recognised."},
    {.name = "http_headers",
     .words = KEY_WORDS_LIST,
     READ_BY(plan_read_http_headers),
     .expected = "array of names of headers, or [\"*\"]",
     .fallback = "[]",
     .help = "Headers of their answers that a record keeps in http.headers, besides those that have fields of their "
             "own; \"*\" keeps the first 32."},
    {.name = "decoys",
     .type = KEY_COUNT32,
     PRIVATE(decoys),
     .maximum = IMAGE_DECOYS_MAX,
     .fallback = "2",
     .help =
         "Random high ports to ask of a host of which a port said nothing, to unmask those that accept every port."},
    {.name = "tls_key_proof",
     .type = KEY_BOOL,
     AT(tls_key_proof),
     .fallback = "true",
     .help = "Check that TLS 1.3 servers have their certificate's key; false saves 20 to 80 us a host, and who shows "
             "another's certificate is not found out (tls.key_proved is absent)."},
    {.name = "tls_matrix",
     .type = KEY_BOOL,
     AT(tls_matrix),
     .fallback = "true",
     .help = "Ask TLS servers for every version from SSLv2 to TLS 1.3, on up to six further connections."},
    {.name = "trust_store",
     .type = KEY_STRING,
     .is_path = true,
     AT(trust_store),
     .fallback = "\"" PLAN_TRUST_STORE "\"",
     .help = "Authorities in PEM that certificate chains are verified against, \"\" = none."},
    {.name = "max_results",
     .type = KEY_COUNT,
     AT(max_results),
     .fallback = "0",
     .help = "The most records that are written: with the last of them the scan ends at once, 0 = no limit."},
    {.name = "max_runtime",
     .type = KEY_DURATION,
     AT(max_runtime_ns),
     .fallback = "\"0 s\"",
     .help = "Stop after this time, 0 = never."},
    {.name = "contact",
     READ_BY(read_contact),
     .expected = "mail address or URL",
     .fallback = "\"\"",
     .help = "Who answers for the scan, told to scanned hosts; needed for public addresses."},
    {.name = "output",
     .type = KEY_STRING,
     .is_path = true,
     AT(output),
     .fallback = "\"\"",
     .help = "Folder for records.jsonl and summary.json, or \"-\" for records on standard output."},
    {0},
};
