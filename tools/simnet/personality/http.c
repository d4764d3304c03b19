// SPDX-License-Identifier: BSD-3-Clause
// HTTP/1.1 (RFC 9112) as far as one request goes: whatever is asked for, the page, and goodbye.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/simnet/personality/personality.h"

enum { HTTP_OK = 200 };

struct answer {
    size_t length;
    char text[];
};

static const char *page_of(const struct service *service)
{
    return service->said->page != NULL ? service->said->page : "<!DOCTYPE html><title>simnet</title>\n";
}

static unsigned status_of(const struct service *service)
{
    return service->said->status < 100 ? HTTP_OK : (unsigned)service->said->status;
}

static int http_prepare(struct service *service, char error[static POPULATION_ERROR_MAX])
{
    static const char FORMAT[] = "HTTP/1.1 %u %s\r\nServer: %s\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n"
                                 "Connection: close\r\n\r\n%s";
    (void)error;
    const char *page = page_of(service);
    const char *server = service->said->server != NULL ? service->said->server : "simnet";
    const char *phrase = status_of(service) == HTTP_OK ? "OK" : "Other";
    int length = snprintf(NULL, 0, FORMAT, status_of(service), phrase, server, strlen(page), page);
    struct answer *answer = malloc(sizeof(*answer) + (size_t)length + 1);
    if (answer == NULL)
        return -ENOMEM;
    answer->length = (size_t)length;
    snprintf(answer->text, (size_t)length + 1, FORMAT, status_of(service), phrase, server, strlen(page), page);
    service->prepared = answer;
    return 0;
}

static void http_bytes(struct visit *visit, struct bytes *input)
{
    const struct answer *answer = visit->service->prepared;
    if (memmem(input->data, input->length, "\r\n\r\n", 4) == NULL)
        return;
    (void)bytes_take(input, input->length);
    buffer_put(&visit->output, answer->text, answer->length);
    visit->over = true;
}

static void http_truth(const struct service *service, const struct identity *identity, json_t *record)
{
    (void)identity;
    const char *page = page_of(service);
    const char *title = strstr(page, "<title>");
    const char *end = title == NULL ? NULL : strstr(title, "</title>");
    json_t *http = json_pack("{s:i}", "status", (int)status_of(service));
    if (service->said->server != NULL)
        json_object_set_new(http, "server", json_string(service->said->server));
    if (end != NULL) {
        title += strlen("<title>");
        json_object_set_new(http, "title", json_stringn(title, (size_t)(end - title)));
    }
    json_object_set_new(record, "service", json_string("http"));
    json_object_set_new(record, "outcome", json_string("complete"));
    json_object_set_new(record, "http", http);
}

const struct personality personality_http = {
    .name = "http",
    .help = "answers any request with `page`, `status` and `server`, and closes",
    .prepare = http_prepare,
    .bytes = http_bytes,
    .truth = http_truth,
};
