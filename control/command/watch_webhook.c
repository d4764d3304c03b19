// SPDX-License-Identifier: BSD-3-Clause
#include "control/command/watch_webhook.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "sonde_build.h"

enum { TRIES = 3, PAUSE_S = 3, CONNECT_S = 10, WHOLE_S = 30, TEXT_BYTES = 1024 };

const char *webhook_refuses(const char *url)
{
    static const char *const starts[] = {"https://", "http://"};
    const char *rest = NULL;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (strncasecmp(url, starts[i], strlen(starts[i])) == 0)
            rest = url + strlen(starts[i]);
    if (rest == NULL)
        return "expected a URL of http:// or https://";
    if (strcspn(rest, "/?#") == 0)
        return "the URL has no host";
    for (const char *at = url; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return "the URL has a space or a control character";
    return NULL;
}

// ---- What is posted

// "2 appeared, 1 changed"
static void counts_write(const json_t *difference, char *text, size_t capacity)
{
    const char *name;
    json_t *count;
    size_t at = 0;
    text[0] = '\0';
    json_object_foreach(json_object_get(difference, "counts"), name, count)
    {
        if (json_integer_value(count) <= 0 || at >= capacity)
            continue;
        int length = snprintf(text + at, capacity - at, "%s%lld %s", at == 0 ? "" : ", ",
                              (long long)json_integer_value(count), name);
        at += length > 0 ? (size_t)length : 0;
    }
    // Names of counts have no spaces where they are keys.
    for (char *at_line = text; *at_line != '\0'; at_line++)
        if (*at_line == '_')
            *at_line = ' ';
}

// A folder's name may be no UTF-8, which JSON has to be.
static json_t *text_json(const char *text, const char *otherwise)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string(otherwise);
}

json_t *webhook_body(const char *folder, const json_t *difference)
{
    char counts[TEXT_BYTES / 2];
    char text[TEXT_BYTES];
    json_t *kept = json_copy((json_t *)(uintptr_t)difference); // its members are shared
    const json_t *changes = json_object_get(difference, "changes");
    size_t all = json_array_size(changes);
    json_t *few = json_array();
    for (size_t i = 0; i < all && i < WEBHOOK_CHANGES_MAX; i++)
        (void)json_array_append(few, json_array_get(changes, i));
    size_t left_off = all - json_array_size(few);
    if (json_object_set_new(kept, "changes", few) != 0) {
        json_decref(kept);
        return NULL;
    }
    counts_write(difference, counts, sizeof(counts));
    (void)snprintf(text, sizeof(text), "sonde: news in %.400s: %s", folder, counts);
    return json_pack("{s:o,s:o,s:I,s:o}", "text", text_json(text, "sonde: news"), "folder", text_json(folder, ""),
                     "left_off", (json_int_t)left_off, "difference", kept);
}

// ---- Posting

static size_t answer_ignore(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    (void)context;
    return size * count;
}

static void options_set(CURL *curl, const char *url, const char *text, struct curl_slist *headers)
{
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)WHOLE_S);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "sonde/" SONDE_VERSION);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, answer_ignore);
}

// One try. Whether another may help is in *ret_again.
static int post_once(CURL *curl, bool *ret_again, char message[static WEBHOOK_MESSAGE_BYTES])
{
    char error[CURL_ERROR_SIZE] = "";
    long status = 0;
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, NULL);
    *ret_again = code != CURLE_OK || status == 429 || status >= 500;
    if (code != CURLE_OK) {
        (void)snprintf(message, WEBHOOK_MESSAGE_BYTES, "%s", error[0] != '\0' ? error : curl_easy_strerror(code));
        return -EHOSTUNREACH;
    }
    (void)snprintf(message, WEBHOOK_MESSAGE_BYTES, "the server answered with status %ld", status);
    return status >= 200 && status < 300 ? 0 : -EPROTO;
}

int webhook_post(const char *url, const json_t *body, char message[static WEBHOOK_MESSAGE_BYTES])
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *text = json_dumps(body, JSON_COMPACT);
    CURL *curl = curl_easy_init();
    int error = headers == NULL || text == NULL || curl == NULL ? -ENOMEM : 0;
    bool again = true;
    (void)snprintf(message, WEBHOOK_MESSAGE_BYTES, "%s", strerror(ENOMEM));
    if (error == 0)
        options_set(curl, url, text, headers);
    for (int i = 0; i < TRIES && again && error != -ENOMEM; i++) {
        if (i > 0)
            (void)sleep(PAUSE_S);
        error = post_once(curl, &again, message);
    }
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    free(text);
    return error;
}
