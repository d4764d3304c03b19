// SPDX-License-Identifier: BSD-3-Clause
#include "control/feeds/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include <curl/curl.h>

#include "control/feeds/child.h"

enum { STALL_BYTES_S = 100, CONNECT_SECONDS = 30, REDIRECTS_MAX = 5, HEADER_BYTES = 512, KEY_BYTES = 128 };

static const uint64_t memory_bytes = UINT64_C(256) << 20;

struct fetching {
    const struct fetch *fetch;
    struct fetch_answer *answer; // in memory that the parent sees
    CURL *curl;
    uint64_t at; // where the next byte goes
    bool begun;
    bool too_long;
    char error[CURL_ERROR_SIZE];
};

bool fetch_allows(const char *url)
{
    static const char *const starts[] = {"https://", "http://127.0.0.1/", "http://127.0.0.1:", "http://[::1]/",
                                         "http://[::1]:"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        // What stands before an @ is no host.
        if (strncasecmp(url, starts[i], strlen(starts[i])) == 0)
            return strchr(url, '@') == NULL;
    return false;
}

static void header_take(const char *line, size_t length, const char *name, char ret_value[static FETCH_TAG_BYTES])
{
    size_t skip = strlen(name);
    if (length <= skip || strncasecmp(line, name, skip) != 0)
        return;
    while (skip < length && line[skip] == ' ')
        skip++;
    while (length > skip && (line[length - 1] == '\r' || line[length - 1] == '\n' || line[length - 1] == ' '))
        length--;
    if (length - skip >= FETCH_TAG_BYTES)
        return;
    memcpy(ret_value, line + skip, length - skip);
    ret_value[length - skip] = '\0';
}

static size_t header_read(char *line, size_t size, size_t count, void *context)
{
    struct fetching *fetching = context;
    size_t length = size * count;
    // A redirect's answer has headers too: a new status line begins anew.
    if (length > 5 && strncasecmp(line, "HTTP/", 5) == 0)
        fetching->answer->version = (struct fetch_version){"", ""};
    header_take(line, length, "ETag:", fetching->answer->version.etag);
    header_take(line, length, "Last-Modified:", fetching->answer->version.modified);
    return length;
}

static size_t body_write(char *bytes, size_t size, size_t count, void *context)
{
    struct fetching *fetching = context;
    size_t length = size * count;
    long status = 0;
    (void)curl_easy_getinfo(fetching->curl, CURLINFO_RESPONSE_CODE, &status);
    if (!fetching->begun) {
        fetching->begun = true;
        fetching->at = status == 206 ? fetching->fetch->have : 0;
        if (ftruncate(fetching->fetch->fd, (off_t)fetching->at) != 0)
            return 0;
    }
    if (length > fetching->fetch->bytes_max - fetching->at) {
        fetching->too_long = true;
        return 0;
    }
    for (size_t done = 0; done < length;) {
        ssize_t wrote = pwrite(fetching->fetch->fd, bytes + done, length - done, (off_t)(fetching->at + done));
        if (wrote <= 0)
            return 0;
        done += (size_t)wrote;
    }
    fetching->at += length;
    return length;
}

bool fetch_key_fits(const char *key)
{
    size_t length = strlen(key);
    return length > 0 && length < KEY_BYTES &&
           strspn(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == length;
}

static struct curl_slist *headers_make(const struct fetch *fetch)
{
    char text[FETCH_TAG_BYTES + HEADER_BYTES];
    struct curl_slist *list = NULL;
    if (fetch->key[0] != '\0') {
        (void)snprintf(text, sizeof(text), "apiKey: %s", fetch->key);
        list = curl_slist_append(list, text);
    }
    if (fetch->have > 0) {
        // Sent whole where it has changed since (RFC 9110, section 13.1.5).
        const char *part = fetch->part.etag[0] != '\0' ? fetch->part.etag : fetch->part.modified;
        (void)snprintf(text, sizeof(text), "Range: bytes=%llu-", (unsigned long long)fetch->have);
        list = curl_slist_append(list, text);
        (void)snprintf(text, sizeof(text), "If-Range: %s", part);
        return curl_slist_append(list, text);
    }
    if (fetch->current.etag[0] != '\0') {
        (void)snprintf(text, sizeof(text), "If-None-Match: %s", fetch->current.etag);
        list = curl_slist_append(list, text);
    }
    if (fetch->current.modified[0] != '\0') {
        (void)snprintf(text, sizeof(text), "If-Modified-Since: %s", fetch->current.modified);
        list = curl_slist_append(list, text);
    }
    return list;
}

static void options_set(struct fetching *fetching, struct curl_slist *headers)
{
    const struct fetch *fetch = fetching->fetch;
    CURL *curl = fetching->curl;
    (void)curl_easy_setopt(curl, CURLOPT_URL, fetch->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    // libcurl sends headers of one's own to whom a server redirects to, too.
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, fetch->key[0] == '\0' ? 1L : 0L);
    (void)curl_easy_setopt(curl, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    (void)curl_easy_setopt(curl, CURLOPT_USERAGENT, "sonde");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)fetch->seconds_max);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_S);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)fetch->stall_s);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, header_read);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, fetching);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_write);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, fetching);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, fetching->error);
    if (fetch->proxy[0] != '\0')
        (void)curl_easy_setopt(curl, CURLOPT_PROXY, fetch->proxy);
}

static int failure_describe(struct fetching *fetching, CURLcode code, struct complaint *ret_complaint)
{
    const struct fetch *fetch = fetching->fetch;
    long status = 0;
    char *redirect = NULL;
    (void)curl_easy_getinfo(fetching->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(fetching->curl, CURLINFO_EFFECTIVE_URL, &redirect);
    if (fetching->too_long)
        (void)complain(ret_complaint, fetch->url, "", "is longer than %llu bytes (file_bytes)",
                       (unsigned long long)fetch->bytes_max);
    else if (code == CURLE_UNSUPPORTED_PROTOCOL)
        (void)complain(ret_complaint, fetch->url, "", "redirects to %.200s, which is not https",
                       redirect == NULL ? "something" : redirect);
    else if (code == CURLE_OPERATION_TIMEDOUT)
        (void)complain(ret_complaint, fetch->url, "", "is too slow, given up after %llu bytes (%s)",
                       (unsigned long long)fetching->at, fetching->error);
    else if (code == CURLE_HTTP_RETURNED_ERROR)
        (void)complain(ret_complaint, fetch->url, "", "answers %ld", status);
    else
        (void)complain(ret_complaint, fetch->url, "", "%s",
                       fetching->error[0] != '\0' ? fetching->error : curl_easy_strerror(code));
    // An earlier attempt that is longer than what there is, is of no use.
    return status == 416 ? -ERANGE : -EIO;
}

static int fetching_run(void *context, struct complaint *ret_complaint)
{
    struct fetching *fetching = context;
    long status = 0;
    int error = 0;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    fetching->curl = curl_easy_init();
    if (fetching->curl == NULL)
        return -ENOMEM;
    struct curl_slist *headers = headers_make(fetching->fetch);
    options_set(fetching, headers);
    CURLcode code = curl_easy_perform(fetching->curl);
    (void)curl_easy_getinfo(fetching->curl, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK)
        error = failure_describe(fetching, code, ret_complaint);
    else if (status >= 300 && status < 400 && status != 304)
        error = complain(ret_complaint, fetching->fetch->url, "",
                         "redirects (%ld), and the API key goes to no other address", status);
    else if (status == 304)
        fetching->answer->unchanged = true;
    else if (!fetching->begun)
        error = complain(ret_complaint, fetching->fetch->url, "", "answers %ld with nothing", status);
    curl_slist_free_all(headers);
    curl_easy_cleanup(fetching->curl);
    return error;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < ' ' || *text > '~')
            return false;
    return true;
}

int fetch_run(const struct fetch *fetch, struct fetch_answer *ret_answer, struct complaint *ret_complaint)
{
    if (!fetch_allows(fetch->url))
        return complain(ret_complaint, fetch->url, "", "is not https (http only to 127.0.0.1 or [::1])");
    struct fetch_answer *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return -errno;
    struct fetching fetching = {.fetch = fetch, .answer = shared};
    const struct child_work work = {.run = fetching_run,
                                    .context = &fetching,
                                    .memory_bytes = memory_bytes,
                                    .cpu_seconds = fetch->seconds_max,
                                    .file_bytes = fetch->bytes_max,
                                    .network = true};
    int error = child_run(&work, NULL, ret_complaint);
    *ret_answer = *shared;
    (void)munmap(shared, sizeof(*shared));
    // A child is not believed to have ended its texts, nor to have kept out what a header cannot hold.
    ret_answer->version.etag[FETCH_TAG_BYTES - 1] = '\0';
    ret_answer->version.modified[FETCH_TAG_BYTES - 1] = '\0';
    if (!is_printable(ret_answer->version.etag) || !is_printable(ret_answer->version.modified))
        ret_answer->version = (struct fetch_version){"", ""};
    return error;
}
