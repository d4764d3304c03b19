// SPDX-License-Identifier: BSD-3-Clause
// Records as nmap -oX writes its own (nmap.dtd, xmloutputversion 1.05), as far as a record says the same.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/printable.h"
#include "control/record/record.h"
#include "control/report/export_private.h"
#include "sonde_build.h"

enum { TEXT_MAX = 1024, SHOWN_MAX = PRINTABLE_GROWTH * TEXT_MAX + 1 };

// Text of others between quotes of an attribute: nothing but what XML 1.0 allows, and no markup.
static void attribute_print(FILE *out, const char *name, const char *bytes, size_t length)
{
    char text[TEXT_MAX];
    char shown[SHOWN_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < length && kept + 1 < sizeof(text); i++)
        if (bytes[i] != '\0')
            text[kept++] = bytes[i];
    text[kept] = '\0';
    (void)printable(text, shown, sizeof(shown));
    fprintf(out, " %s=\"", name);
    for (const char *at = shown; *at != '\0'; at++) {
        switch (*at) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*at, out);
        }
    }
    fputc('"', out);
}

static void text_attribute(FILE *out, const char *name, bool known, const struct text *text)
{
    if (known)
        attribute_print(out, name, text->data, text->length);
}

// "cpe:2.3:a:openbsd:openssh:9.2:p1:..." as nmap has it: "cpe:/a:openbsd:openssh:9.2".
static void cpe_print(FILE *out, const struct text *cpe)
{
    static const char start[] = "cpe:2.3:";
    char name[TEXT_MAX];
    size_t used = 0;
    int colons = 0;
    if (cpe->length <= strlen(start) || strncmp(cpe->data, start, strlen(start)) != 0)
        return;
    for (size_t i = strlen(start); i < cpe->length && used + 1 < sizeof(name); i++) {
        colons += cpe->data[i] == ':';
        if (colons == 4)
            break;
        // Names of CPE hold letters, digits and these; anything else is no name.
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-~%:+", cpe->data[i]) == NULL)
            return;
        name[used++] = cpe->data[i];
    }
    while (used > 0 && name[used - 1] == ':')
        used--;
    fprintf(out, "<cpe>cpe:/%.*s</cpe>", (int)used, name);
}

static void service_print(FILE *out, const struct observation *observation)
{
    const struct root_observation *root = observation->root;
    const struct product_observation *product = observation->product;
    if (!root->known.service)
        return;
    fputs("<service", out);
    text_attribute(out, "name", true, &root->service);
    if (product != NULL) {
        text_attribute(out, "product", product->known.name, &product->name);
        text_attribute(out, "version", product->known.version, &product->version);
    }
    if (observation_in_tls(observation))
        fputs(" tunnel=\"ssl\"", out);
    fputs(" method=\"probed\" conf=\"10\">", out);
    if (product != NULL && product->known.cpe)
        cpe_print(out, &product->cpe);
    fputs("</service>", out);
}

// What nmap has no element for, as the output of a script.
static void findings_print(FILE *out, const struct root_observation *root)
{
    char names[TEXT_MAX];
    size_t used = 0;
    for (uint32_t i = 0; root->known.findings && i < root->findings.count; i++) {
        const struct text *name = &root->findings.names[i];
        if (used + name->length + 3 > sizeof(names))
            break;
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s", used > 0 ? ", " : "", (int)name->length,
                                 name->data);
    }
    if (used == 0)
        return;
    fputs("<script id=\"sonde-findings\"", out);
    attribute_print(out, "output", names, used);
    fputs("/>", out);
}

static enum export_state state_of(const struct observation *observation)
{
    if (record_is_open(observation))
        return EXPORT_OPEN;
    return text_is(&observation->root->outcome, outcome_names[OUTCOME_CLOSED]) ? EXPORT_CLOSED : EXPORT_UNREACHABLE;
}

// In nmap's words; of what is filtered, also who says so.
static void state_print(FILE *out, const struct observation *observation)
{
    static const char *const states[] = {
        [EXPORT_UNREACHABLE] = "filtered", [EXPORT_CLOSED] = "closed", [EXPORT_OPEN] = "open"};
    static const char *const reasons[] = {
        [EXPORT_UNREACHABLE] = "no-response", [EXPORT_CLOSED] = "reset", [EXPORT_OPEN] = "syn-ack"};
    const struct root_observation *root = observation->root;
    enum export_state state = state_of(observation);
    char text[ADDRESS_TEXT_MAX];
    fprintf(out, "<state state=\"%s\"", states[state]);
    if (root->known.unreachable)
        text_attribute(out, "reason", true, &root->unreachable);
    else
        fprintf(out, " reason=\"%s\"", reasons[state]);
    fputs(" reason_ttl=\"0\"", out);
    if (root->known.reporter)
        fprintf(out, " reason_ip=\"%.*s\"", (int)address_print(&root->reporter, text), text);
    fputs("/>", out);
}

static char *port_xml(const struct observation *observation)
{
    const struct root_observation *root = observation->root;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return NULL;
    fprintf(out, "<port protocol=\"tcp\" portid=\"%" PRId64 "\">", root->port);
    state_print(out, observation);
    service_print(out, observation);
    findings_print(out, root);
    fputs("</port>\n", out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static int ports_grow(struct export *export)
{
    if (export->port_count < export->port_capacity)
        return 0;
    if (export->port_count >= EXPORT_XML_PORTS_MAX)
        return -E2BIG;
    size_t capacity = export->port_capacity == 0 ? 1024 : 2 * export->port_capacity;
    struct export_port *ports = reallocarray(export->ports, capacity, sizeof(*ports));
    if (ports == NULL)
        return -ENOMEM;
    export->ports = ports;
    export->port_capacity = capacity;
    return 0;
}

int export_xml_record(struct export *export, const struct observation *observation)
{
    const struct root_observation *root = observation->root;
    if (root == NULL || !root->known.ip || !root->known.port)
        return 0;
    int error = ports_grow(export);
    if (error != 0)
        return error;
    struct export_port *port = &export->ports[export->port_count];
    port->key = (uint64_t)address_number(&root->ip) << 16 | (uint16_t)root->port;
    port->state = (uint8_t)state_of(observation);
    port->xml = port_xml(observation);
    port->name = root->known.name ? strndup(root->name.data, root->name.length) : NULL;
    if (port->xml == NULL || (root->known.name && port->name == NULL)) {
        free(port->xml);
        free(port->name);
        return -ENOMEM;
    }
    export->port_count++;
    if (root->known.time) {
        export->first_ms = export->first_ms == 0 || root->time < export->first_ms ? root->time : export->first_ms;
        export->last_ms = root->time > export->last_ms ? root->time : export->last_ms;
    }
    return 0;
}

static int port_compare(const void *left, const void *right)
{
    const struct export_port *a = left;
    const struct export_port *b = right;
    return (a->key > b->key) - (a->key < b->key);
}

// The most that one of a host's ports says, from the first one on.
static enum export_state host_state(const struct export *export, size_t first)
{
    uint8_t most = EXPORT_UNREACHABLE;
    for (size_t i = first; i < export->port_count && export->ports[i].key >> 16 == export->ports[first].key >> 16; i++)
        most = export->ports[i].state > most ? export->ports[i].state : most;
    return (enum export_state)most;
}

// Who reports a host's ports as unreachable says nothing of the host.
static void host_begin(FILE *out, uint32_t address, enum export_state state, const char *name)
{
    static const char *const statuses[] = {[EXPORT_UNREACHABLE] = "state=\"unknown\" reason=\"no-response\"",
                                           [EXPORT_CLOSED] = "state=\"up\" reason=\"reset\"",
                                           [EXPORT_OPEN] = "state=\"up\" reason=\"syn-ack\""};
    char text[ADDRESS_TEXT_MAX];
    fprintf(out, "<host><status %s reason_ttl=\"0\"/>\n<address addr=\"%s\" addrtype=\"ipv4\"/>\n", statuses[state],
            address_text(address, text));
    if (name != NULL) {
        fputs("<hostnames><hostname", out);
        attribute_print(out, "name", name, strlen(name));
        fputs(" type=\"user\"/></hostnames>\n", out);
    }
    fputs("<ports>", out);
}

static void time_print(FILE *out, const char *number, const char *text, int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm utc;
    char shown[40];
    gmtime_r(&time, &utc);
    strftime(shown, sizeof(shown), "%a %b %e %H:%M:%S %Y", &utc);
    fprintf(out, " %s=\"%" PRId64 "\" %s=\"%s\"", number, seconds, text, shown);
}

void export_xml_end(struct export *export)
{
    FILE *out = export->out;
    size_t hosts = 0;
    size_t up = 0;
    qsort(export->ports, export->port_count, sizeof(*export->ports), port_compare);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner=\"sonde\"", out);
    attribute_print(out, "args", export->arguments, strlen(export->arguments));
    time_print(out, "start", "startstr", export->first_ms / 1000);
    fprintf(out, " version=\"%s\" xmloutputversion=\"1.05\">\n", SONDE_VERSION);
    for (size_t i = 0; i < export->port_count; i++) {
        uint32_t address = (uint32_t)(export->ports[i].key >> 16);
        bool first = i == 0 || export->ports[i - 1].key >> 16 != address;
        bool last = i + 1 == export->port_count || export->ports[i + 1].key >> 16 != address;
        if (first) {
            enum export_state state = host_state(export, i);
            host_begin(out, address, state, export->ports[i].name);
            up += state != EXPORT_UNREACHABLE;
        }
        // Of a port that several scans have asked, each says the same element again: the last one counts.
        if (last || export->ports[i + 1].key != export->ports[i].key)
            fputs(export->ports[i].xml, out);
        if (last)
            fputs("</ports>\n</host>\n", out);
        hosts += last;
    }
    fputs("<runstats><finished", out);
    time_print(out, "time", "timestr", export->last_ms / 1000);
    fprintf(out, " elapsed=\"%.2f\" exit=\"success\"/>", (double)(export->last_ms - export->first_ms) / 1e3);
    fprintf(out, "<hosts up=\"%zu\" down=\"0\" total=\"%zu\"/></runstats>\n</nmaprun>\n", up, hosts);
}
