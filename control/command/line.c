// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/line.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "config/input.h"
#include "config/lists.h"
#include "config/plan/plan.h"
#include "config/prefix.h"
#include "config/reserved.h"
#include "probes/address.h"

enum { STANDARD_INPUT_MAX = 64 << 20, NAME_ADDRESSES_MAX = 16 };

// A file that is no list of targets but a plan: its name says so, or it begins like one.
static bool is_plan(const char *word)
{
    size_t length = strlen(word);
    struct stat status;
    char first = '\0';
    if (length > 5 && strcmp(word + length - 5, ".json") == 0)
        return true;
    if (stat(word, &status) != 0 || !S_ISREG(status.st_mode))
        return false;
    FILE *file = fopen(word, "re");
    if (file == NULL)
        return true; // and says why it cannot be read
    bool found = fscanf(file, " %c", &first) == 1;
    fclose(file);
    return found && first == '{';
}

// A list of the line's plan, made when it is not there.
static json_t *list_of(json_t *keys, const char *name)
{
    json_t *list = json_object_get(keys, name);
    if (json_is_array(list))
        return list;
    list = json_array();
    return json_object_set_new(keys, name, list) == 0 ? list : NULL;
}

static int list_add(json_t *keys, const char *name, json_t *item)
{
    json_t *list = list_of(keys, name);
    if (list != NULL && json_array_append_new(list, item) == 0)
        return 0;
    return -ENOMEM;
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

static int network_add(json_t *keys, const char *text)
{
    struct interval interval;
    int error = list_add(keys, "targets", json_string(text));
    if (error == 0 && prefix_parse(text, &interval) == 0 && is_own_network(&interval))
        error = list_add(keys, "allow_reserved", json_string(text));
    return error;
}

static bool is_host_name(const char *text)
{
    size_t length = strlen(text);
    bool any_letter = false;
    for (size_t i = 0; i < length; i++) {
        bool letter = (text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z';
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!letter && !digit && text[i] != '-' && text[i] != '.' && text[i] != '_')
            return false;
        any_letter |= letter;
    }
    return any_letter && length < 254;
}

static int name_add(json_t *keys, const char *name, char message[static LINE_MESSAGE_MAX])
{
    const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int fault = getaddrinfo(name, NULL, &hints, &found);
    if (fault != 0) {
        snprintf(message, LINE_MESSAGE_MAX, "target %.253s: no address can be found for this name: %s", name,
                 gai_strerror(fault));
        return -EINVAL;
    }
    int error = 0;
    size_t count = 0;
    for (const struct addrinfo *at = found; at != NULL && error == 0 && count < NAME_ADDRESSES_MAX; at = at->ai_next) {
        struct sockaddr_in address;
        char text[ADDRESS_TEXT_MAX];
        memcpy(&address, at->ai_addr, sizeof(address));
        error = network_add(keys, address_text(ntohl(address.sin_addr.s_addr), text));
        count++;
    }
    freeaddrinfo(found);
    return error;
}

static int target_add(json_t *keys, const char *text, char message[static LINE_MESSAGE_MAX])
{
    struct interval interval;
    const char *colon = strchr(text, ':');
    if (colon != NULL && strchr(colon + 1, ':') == NULL) {
        snprintf(message, LINE_MESSAGE_MAX, "target %.300s: a target has no port of its own; ports are given with -p",
                 text);
        return -EINVAL;
    }
    if (prefix_parse(text, &interval) == -EINVAL && is_host_name(text))
        return name_add(keys, text, message);
    return network_add(keys, text);
}

// Standard input to its end, as a list.
static int standard_input_add(json_t *keys, char message[static LINE_MESSAGE_MAX])
{
    struct list_lines lines = {.length = 0};
    size_t capacity = 0;
    char *text = NULL;
    int more = 1;
    int error = 0;
    while (more != 0 && error == 0) {
        if (lines.length == capacity) {
            capacity = capacity == 0 ? 65536 : 2 * capacity;
            char *grown = capacity <= STANDARD_INPUT_MAX ? realloc(text, capacity) : NULL;
            if (grown == NULL) {
                free(text);
                snprintf(message, LINE_MESSAGE_MAX, "standard input: more than %d MB of targets; expected a file (-iL)",
                         STANDARD_INPUT_MAX >> 20);
                return -EINVAL;
            }
            text = grown;
        }
        more = (int)fread(text + lines.length, 1, capacity - lines.length, stdin);
        lines.length += (size_t)more;
    }
    if (ferror(stdin)) {
        snprintf(message, LINE_MESSAGE_MAX, "standard input: %s", strerror(errno));
        error = -EINVAL;
    }
    lines.text = text;
    while (error == 0 && (more = list_next(&lines)) > 0) {
        error = target_add(keys, lines.line, message);
        if (error == -EINVAL) {
            char why[LINE_MESSAGE_MAX];
            snprintf(why, sizeof(why), "%s", message);
            snprintf(message, LINE_MESSAGE_MAX, "standard input:%zu: %.470s", lines.number, why);
        }
    }
    if (error == 0 && more < 0) {
        snprintf(message, LINE_MESSAGE_MAX, "standard input:%zu: no line of text", lines.number);
        error = -EINVAL;
    }
    if (error == 0 && json_array_size(json_object_get(keys, "targets")) == 0) {
        snprintf(message, LINE_MESSAGE_MAX, "standard input: holds no target");
        error = -EINVAL;
    }
    free(text);
    return error;
}

static int targets_file_add(json_t *keys, const char *name, char message[static LINE_MESSAGE_MAX])
{
    if (strcmp(name, "-") == 0)
        return standard_input_add(keys, message);
    char *path = path_absolute("", name);
    if (path == NULL)
        return -ENOMEM;
    int error = list_add(keys, "targets", json_pack("{s:s}", "file", path));
    free(path);
    return error;
}

static int services_add(json_t *keys, const char *text)
{
    char *copy = strdup(text);
    char *rest = copy;
    int error = copy == NULL ? -ENOMEM : 0;
    for (char *part = strsep(&rest, ","); error == 0 && part != NULL; part = strsep(&rest, ","))
        error = list_add(keys, "services", json_string(part));
    free(copy);
    return error;
}

static int provider_add(json_t *keys, const struct invocation *invocation, const char *provider)
{
    const char *region = options_value(invocation, "region");
    const char *service = options_value(invocation, "cloud-service");
    return list_add(keys, "targets",
                    json_pack("{s:s,s:s*,s:s*}", "provider", provider, "service", service, "region", region));
}

// A row of LINE_OPTIONS, or of a subcommand that stands for a key.
static int row_put(json_t *keys, const struct invocation *invocation, const struct option_given *given, bool *used,
                   char message[static LINE_MESSAGE_MAX])
{
    const char *name = given->row->name;
    *used = true;
    if (strcmp(name, "ports") == 0 || strcmp(name, "services") == 0)
        return services_add(keys, given->value);
    if (strcmp(name, "targets-file") == 0)
        return targets_file_add(keys, given->value, message);
    if (strcmp(name, "provider") == 0)
        return provider_add(keys, invocation, given->value);
    *used = false;
    return 0;
}

static int options_put(json_t *keys, const struct invocation *invocation, bool *ret_used,
                       char message[static LINE_MESSAGE_MAX])
{
    int error = 0;
    for (size_t i = 0; i < invocation->given_count && error == 0; i++) {
        const struct option_given *given = &invocation->given[i];
        bool used = true;
        if (given->key != NULL)
            error = key_option_put(given->key, given->value, keys);
        else
            error = row_put(keys, invocation, given, &used, message);
        *ret_used |= used;
    }
    return error;
}

static int operands_put(json_t *keys, const struct invocation *invocation, struct line *line, bool *ret_used,
                        char message[static LINE_MESSAGE_MAX])
{
    int error = 0;
    for (int i = 0; i < invocation->operand_count && error == 0; i++) {
        const char *word = invocation->operands[i];
        struct interval interval;
        if (strcmp(word, "-") == 0) {
            error = standard_input_add(keys, message);
        } else if (prefix_parse(word, &interval) == -EINVAL && is_plan(word)) {
            if (line->plan != NULL) {
                snprintf(message, LINE_MESSAGE_MAX, "%.200s and %.200s are both plans, expected one", line->plan, word);
                error = -EINVAL;
            }
            line->plan = word;
            continue;
        } else {
            error = target_add(keys, word, message);
        }
        *ret_used = true;
    }
    return error;
}

// What a plan has to say and a line need not.
static int defaults_put(json_t *keys, const struct invocation *invocation, const struct line *line)
{
    int error = 0;
    if (line->plan != NULL)
        return 0;
    if (json_object_get(keys, "services") == NULL)
        error = list_add(keys, "services", json_string("all"));
    if (error == 0 && options_value(invocation, "provider") != NULL && json_object_get(keys, "ranges") == NULL &&
        json_object_set_new(keys, "ranges", json_string("feeds")) != 0)
        error = -ENOMEM;
    return error;
}

int line_read(const struct invocation *invocation, struct line *ret_line, char message[static LINE_MESSAGE_MAX])
{
    struct line line = {.keys = json_object()};
    bool used = false;
    snprintf(message, LINE_MESSAGE_MAX, "out of memory");
    int error = line.keys == NULL ? -ENOMEM : 0;
    if (error == 0)
        error = operands_put(line.keys, invocation, &line, &used, message);
    if (error == 0)
        error = options_put(line.keys, invocation, &used, message);
    if (error == 0 && line.plan == NULL && json_object_get(line.keys, "targets") == NULL) {
        snprintf(message, LINE_MESSAGE_MAX, "%s: expected a plan, or targets like 192.0.2.0/24 (see sonde help %s)",
                 invocation->subcommand->name, invocation->subcommand->name);
        error = -EINVAL;
    }
    if (error == 0)
        error = defaults_put(line.keys, invocation, &line);
    if (error != 0 || !used) {
        json_decref(line.keys);
        line.keys = NULL;
    }
    *ret_line = line;
    return error;
}

void line_fini(struct line *line)
{
    json_decref(line->keys);
    line->keys = NULL;
}

static int plan_file_read(const char *path, json_t **ret_plan, char message[static LINE_MESSAGE_MAX])
{
    struct complaint complaint;
    struct input input = {0};
    json_t *plan = NULL;
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup("") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    int error = folder == NULL ? -ENOMEM : input_read(path, STANDARD_INPUT_MAX, &input, &complaint);
    if (error == 0)
        error = keys_parse(path, input.text, input.length, &plan, &complaint);
    if (error == 0)
        error = keys_absolute(plan_keys, folder, plan);
    else if (error != -ENOMEM)
        snprintf(message, LINE_MESSAGE_MAX, "%.510s", complaint.text);
    input_fini(&input);
    free(folder);
    if (error == 0)
        *ret_plan = plan;
    else
        json_decref(plan);
    return error == 0 || error == -ENOMEM ? error : -EINVAL;
}

int line_whole(const struct line *line, json_t **ret_plan, char message[static LINE_MESSAGE_MAX])
{
    json_t *plan = NULL;
    int error = 0;
    snprintf(message, LINE_MESSAGE_MAX, "out of memory");
    if (line->plan != NULL)
        error = plan_file_read(line->plan, &plan, message);
    else if ((plan = json_object()) == NULL)
        error = -ENOMEM;
    if (error == 0 && line->keys != NULL)
        error = plan_merge(plan, line->keys);
    if (error != 0)
        json_decref(plan);
    else
        *ret_plan = plan;
    return error;
}
