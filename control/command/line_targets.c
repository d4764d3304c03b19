// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/line_targets.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/image/names.h"
#include "config/keys_line.h"
#include "config/lists.h"
#include "config/pairs.h"
#include "config/prefix.h"
#include "config/reserved.h"
#include "control/record/records_source.h"
#include "probes/address.h"

// A list that is read here, whole and unpacked.
struct target_list {
    const char *what; // for messages
    char *text;
    size_t length;
    bool own; // one's own networks are allowed by naming them
};

static json_t *list_of(json_t *keys, const char *name)
{
    json_t *list = json_object_get(keys, name);
    if (json_is_array(list))
        return list;
    list = json_array();
    return json_object_set_new(keys, name, list) == 0 ? list : NULL;
}

int line_list_add(json_t *keys, const char *name, json_t *item)
{
    json_t *list = list_of(keys, name);
    if (list == NULL) {
        json_decref(item);
        return -ENOMEM;
    }
    return json_array_append_new(list, item) == 0 ? 0 : -ENOMEM;
}

// Who writes down a network of his own wants it scanned; what no host can have is still refused.
static bool is_own_network(const struct interval *interval)
{
    static const char *const own[] = {"private-use", "shared-address-space", "link-local"};
    for (size_t i = 0; i < reserved_network_count; i++) {
        const struct reserved_network *reserved = &reserved_networks[i];
        if (interval->first < reserved->interval.first || interval->last > reserved->interval.last)
            continue;
        for (size_t j = 0; j < sizeof(own) / sizeof(own[0]); j++)
            if (strcmp(reserved->name, own[j]) == 0)
                return true;
    }
    return false;
}

static int own_allow(json_t *keys, const char *text)
{
    struct interval interval;
    if (prefix_parse(text, &interval) != 0 || !is_own_network(&interval))
        return 0;
    return line_list_add(keys, "allow_reserved", json_string(text));
}

// The name as it is asked for: in lower case, without the root's dot. False when it can be none.
static bool name_take(const char *text, char ret_name[static HOST_NAME_BYTES_MAX + 1])
{
    size_t length = strlen(text);
    if (length > 1 && text[length - 1] == '.')
        length--;
    if (length > HOST_NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        ret_name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
    ret_name[length] = '\0';
    return name_is_valid(ret_name);
}

static bool is_name(const char *text, char ret_name[static HOST_NAME_BYTES_MAX + 1])
{
    struct interval interval;
    return prefix_parse(text, &interval) == -EINVAL && name_take(text, ret_name);
}

// The addresses of a name, as an array of texts.
static int name_resolve(const char *name, json_t **ret_addresses, char message[static LINE_MESSAGE_MAX])
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fault = getaddrinfo(name, NULL, &hints, &found);
    if (fault != 0) {
        snprintf(message, LINE_MESSAGE_MAX, "target %.253s: no address can be found for this name: %s", name,
                 gai_strerror(fault));
        return -EINVAL;
    }
    json_t *addresses = json_array();
    int error = addresses == NULL ? -ENOMEM : 0;
    for (const struct addrinfo *at = found; at != NULL && error == 0 && json_array_size(addresses) < NAME_ADDRESSES_MAX;
         at = at->ai_next) {
        struct sockaddr_in address;
        char text[ADDRESS_TEXT_MAX];
        memcpy(&address, at->ai_addr, sizeof(address));
        if (json_array_append_new(addresses, json_string(address_text(ntohl(address.sin_addr.s_addr), text))) != 0)
            error = -ENOMEM;
    }
    freeaddrinfo(found);
    if (error == 0)
        *ret_addresses = addresses;
    else
        json_decref(addresses);
    return error;
}

// port: the one that it is asked on, 0 = those of all.
static int name_add(json_t *keys, const char *name, uint16_t port, bool own, char message[static LINE_MESSAGE_MAX])
{
    json_t *addresses = NULL;
    size_t i;
    json_t *address;
    int error = name_resolve(name, &addresses, message);
    json_array_foreach(addresses, i, address)
    {
        if (error == 0 && own)
            error = own_allow(keys, json_string_value(address));
    }
    if (error != 0) {
        json_decref(addresses);
        return error;
    }
    return line_list_add(keys, "targets",
                         json_pack("{s:s,s:o,s:o*}", "name", name, "addresses", addresses, "port",
                                   port != 0 ? json_integer(port) : NULL));
}

// "example.org:8443"
static bool named_pair(const char *text, char ret_name[static HOST_NAME_BYTES_MAX + 1], uint16_t *ret_port)
{
    char host[HOST_NAME_BYTES_MAX + 2];
    char address[ADDRESS_TEXT_MAX + 8] = "0.0.0.0";
    const char *colon = strchr(text, ':');
    struct pair pair;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(host) || strlen(colon) >= 8)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    // A port is what it is behind an address.
    strcat(address, colon);
    if (pair_parse(address, &pair) != 0 || pair.port == 0 || !is_name(host, ret_name))
        return false;
    *ret_port = pair.port;
    return true;
}

static int target_add(json_t *keys, const char *text, bool own, char message[static LINE_MESSAGE_MAX])
{
    char name[HOST_NAME_BYTES_MAX + 1];
    struct pair pair;
    if (pair_parse(text, &pair) == 0) {
        char address[ADDRESS_TEXT_MAX];
        int error = own ? own_allow(keys, address_text(pair.address, address)) : 0;
        return error == 0 ? line_list_add(keys, "targets", json_string(text)) : error;
    }
    uint16_t port;
    if (named_pair(text, name, &port))
        return name_add(keys, name, port, own, message);
    if (list_means_pair(text)) {
        snprintf(message, LINE_MESSAGE_MAX,
                 "target %.300s: expected " PAIR_EXPECTED "; ports of networks are given with -p", text);
        return -EINVAL;
    }
    if (is_name(text, name))
        return name_add(keys, name, 0, own, message);
    int error = line_list_add(keys, "targets", json_string(text));
    return error == 0 && own ? own_allow(keys, text) : error;
}

int line_target(json_t *keys, const char *text, char message[static LINE_MESSAGE_MAX])
{
    return target_add(keys, text, true, message);
}

static int list_put(json_t *keys, const struct target_list *list, char message[static LINE_MESSAGE_MAX])
{
    struct list_lines lines = {.text = list->text, .length = list->length};
    size_t count = 0;
    int error = 0;
    int more = 0;
    while (error == 0 && (more = list_next(&lines)) > 0) {
        error = target_add(keys, lines.line, list->own, message);
        count++;
        if (error == -EINVAL) {
            char why[LINE_MESSAGE_MAX];
            snprintf(why, sizeof(why), "%s", message);
            snprintf(message, LINE_MESSAGE_MAX, "%.100s:%zu: %.390s", list->what, lines.number, why);
        }
    }
    if (error == 0 && more < 0) {
        snprintf(message, LINE_MESSAGE_MAX, "%.300s:%zu: no line of text", list->what, lines.number);
        return -EINVAL;
    }
    if (error == 0 && count == 0) {
        snprintf(message, LINE_MESSAGE_MAX, "%.300s: holds no target", list->what);
        return -EINVAL;
    }
    return error;
}

// Reads what is left of a source, unpacked, to its end.
static int source_read(struct records_source *source, struct target_list *list, char message[static LINE_MESSAGE_MAX])
{
    size_t capacity = 0;
    ssize_t got = 1;
    while (got > 0) {
        if (list->length == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            char *grown = capacity <= TARGET_LIST_BYTES_MAX ? realloc(list->text, capacity) : NULL;
            if (grown == NULL) {
                snprintf(message, LINE_MESSAGE_MAX,
                         "%.300s: more than %d MB of targets; expected a plain file of networks (-iL)", list->what,
                         TARGET_LIST_BYTES_MAX >> 20);
                return -EINVAL;
            }
            list->text = grown;
        }
        got = records_source_read(source, list->text + list->length, capacity - list->length);
        list->length += got > 0 ? (size_t)got : 0;
    }
    if (got == 0)
        return 0;
    snprintf(message, LINE_MESSAGE_MAX, "%.300s: %s", list->what,
             got == -EBADMSG ? "its packing (gzip or zstd) is damaged" : strerror((int)-got));
    return -EINVAL;
}

// Takes over fd.
static int list_read_fd(int fd, struct target_list *list, char message[static LINE_MESSAGE_MAX])
{
    struct records_source *source = fd < 0 ? NULL : records_source_new(fd);
    if (source == NULL) {
        snprintf(message, LINE_MESSAGE_MAX, "%.300s: cannot be read: %s", list->what, strerror(errno));
        return -EINVAL;
    }
    int error = source_read(source, list, message);
    records_source_free(source);
    return error;
}

int line_targets_stdin(json_t *keys, char message[static LINE_MESSAGE_MAX])
{
    struct target_list list = {.what = "standard input", .own = true};
    int error = list_read_fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0), &list, message);
    if (error == 0)
        error = list_put(keys, &list, message);
    free(list.text);
    return error;
}

static bool list_has_name(const struct target_list *list)
{
    struct list_lines lines = {.text = list->text, .length = list->length};
    char name[HOST_NAME_BYTES_MAX + 1];
    uint16_t port;
    while (list_next(&lines) > 0)
        if (is_name(lines.line, name) || named_pair(lines.line, name, &port))
            return true;
    return false;
}

// Whether a plan can read it itself: a plain file, without host names, or too long to look for them.
static int file_is_plain(int fd, const struct stat *status, struct target_list *list, bool *ret_plain,
                         char message[static LINE_MESSAGE_MAX])
{
    enum records_packing packing = RECORDS_PLAIN;
    *ret_plain = false;
    if (S_ISREG(status->st_mode) && records_packing_find(fd, &packing) == 0 && packing == RECORDS_PLAIN &&
        status->st_size >= TARGET_LIST_BYTES_MAX) {
        *ret_plain = true;
        (void)close(fd);
        return 0;
    }
    int error = list_read_fd(fd, list, message);
    *ret_plain = error == 0 && S_ISREG(status->st_mode) && packing == RECORDS_PLAIN && !list_has_name(list);
    return error;
}

int line_targets_file(json_t *keys, const char *name, char message[static LINE_MESSAGE_MAX])
{
    struct target_list list = {.what = name};
    struct stat status;
    bool plain = true;
    int error = 0;
    if (strcmp(name, "-") == 0)
        return line_targets_stdin(keys, message);
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISDIR(status.st_mode)) {
        list.own = !S_ISREG(status.st_mode);
        error = file_is_plain(fd, &status, &list, &plain, message);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    if (error == 0 && !plain) {
        error = list_put(keys, &list, message);
    } else if (error == 0) { // what is not there is said where the plan is read
        char *path = path_absolute("", name);
        error = path == NULL ? -ENOMEM : line_list_add(keys, "targets", json_pack("{s:s}", "file", path));
        free(path);
    }
    free(list.text);
    return error;
}

// Whether an item of targets leaves a name to be looked up, and which.
static bool item_name(const json_t *item, char name[static HOST_NAME_BYTES_MAX + 1])
{
    const char *text = json_string_value(item);
    uint16_t port;
    if (json_is_object(item) && json_object_get(item, "addresses") == NULL)
        text = json_string_value(json_object_get(item, "name"));
    return text != NULL && (is_name(text, name) || (json_is_string(item) && named_pair(text, name, &port)));
}

// What it says of a port, as it stands there: who reads the plan judges it. A new reference, NULL = nothing.
static json_t *item_port(const json_t *item)
{
    char name[HOST_NAME_BYTES_MAX + 1];
    uint16_t port;
    if (json_is_object(item))
        return json_incref(json_object_get(item, "port"));
    return named_pair(json_string_value(item), name, &port) ? json_integer(port) : NULL;
}

bool line_targets_named(const json_t *targets)
{
    char name[HOST_NAME_BYTES_MAX + 1];
    for (size_t i = 0; i < json_array_size(targets); i++)
        if (item_name(json_array_get(targets, i), name))
            return true;
    return false;
}

int line_targets_resolve(json_t *targets, char message[static LINE_MESSAGE_MAX])
{
    char name[HOST_NAME_BYTES_MAX + 1];
    for (size_t i = 0; i < json_array_size(targets); i++) {
        json_t *addresses = NULL;
        const json_t *item = json_array_get(targets, i);
        if (!item_name(item, name))
            continue;
        int error = name_resolve(name, &addresses, message);
        if (error == 0 && json_array_set_new(targets, i,
                                             json_pack("{s:s,s:o,s:o*}", "name", name, "addresses", addresses, "port",
                                                       item_port(item))) != 0)
            error = -ENOMEM;
        if (error != 0)
            return error;
    }
    return 0;
}
