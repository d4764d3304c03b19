// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/teller.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "config/printable.h"

// A summary in JSON is one line of a few hundred kilobytes at most; what is longer goes out in pieces.
enum { LINE_MOST = 16 << 20, STATUS_MAX = 512, COLUMNS_DEFAULT = 80 };

static struct {
    struct teller_settings settings;
    FILE *before; // what stderr was; NULL: not started
    FILE *stream;
    FILE *log;
    char *line; // that has begun
    size_t length;
    size_t capacity;
    char status[STATUS_MAX]; // that stands on the terminal, "" = none
} teller;

static void put(const char *text, size_t length)
{
    while (length > 0) {
        ssize_t done = write(STDERR_FILENO, text, length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return; // there is nobody to tell
        text += done;
        length -= (size_t)done;
    }
}

static void log_line(const char *text)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];
    if (teller.log == NULL)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(teller.log, "%s.%03ldZ %s\n", stamp, now.tv_nsec / 1000000, text);
    fflush(teller.log);
}

static void put_json(const char *text)
{
    char shown[PRINTABLE_GROWTH * 1024];
    (void)printable(text, shown, sizeof(shown));
    json_t *object = json_pack("{s:s}", "message", shown);
    char *line = object == NULL ? NULL : json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);
    if (line != NULL) {
        put(line, strlen(line));
        put("\n", 1);
    }
    free(line);
    json_decref(object);
}

// text ends with its newline, which is at length - 1.
static void line_tell(char *text, size_t length)
{
    static const char erase[] = "\r\033[K";
    text[length - 1] = '\0';
    if (text[0] != '{')
        log_line(text);
    if (teller.settings.form == TELLER_JSON && text[0] != '{') {
        put_json(text);
        return;
    }
    text[length - 1] = '\n';
    if (teller.status[0] == '\0') {
        put(text, length);
        return;
    }
    put(erase, sizeof(erase) - 1);
    put(text, length);
    put(teller.status, strlen(teller.status));
}

static bool line_grow(size_t more)
{
    size_t wanted = teller.length + more + 1;
    if (wanted <= teller.capacity)
        return true;
    char *grown = wanted > LINE_MOST ? NULL : realloc(teller.line, 2 * wanted);
    if (grown == NULL)
        return false;
    teller.line = grown;
    teller.capacity = 2 * wanted;
    return true;
}

static ssize_t lines_take(void *cookie, const char *bytes, size_t size)
{
    (void)cookie;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);
        size_t piece = end != NULL ? (size_t)(end - bytes) + 1 - at : size - at;
        if (!line_grow(piece)) {
            put(bytes + at, piece);
        } else {
            memcpy(teller.line + teller.length, bytes + at, piece);
            teller.length += piece;
        }
        if (end != NULL && teller.length > 0) {
            line_tell(teller.line, teller.length);
            teller.length = 0;
        }
        at += piece;
    }
    return (ssize_t)size;
}

enum teller_form teller_form_here(void)
{
    const char *name = getenv("TERM");
    bool drawn = isatty(STDERR_FILENO) == 1 && name != NULL && name[0] != '\0' && strcmp(name, "dumb") != 0;
    return drawn ? TELLER_TERMINAL : TELLER_PLAIN;
}

static int log_open(const char *path, char message[static TELLER_MESSAGE_MAX])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0644);
    teller.log = fd < 0 ? NULL : fdopen(fd, "a");
    if (teller.log != NULL)
        return 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    snprintf(message, TELLER_MESSAGE_MAX, "--log: %.300s: %s", path, error == ELOOP ? "is a link" : strerror(error));
    return -error;
}

int teller_start(const struct teller_settings *settings, char message[static TELLER_MESSAGE_MAX])
{
    const cookie_io_functions_t functions = {.write = lines_take};
    teller_stop();
    teller.settings = *settings;
    if (settings->log != NULL) {
        int error = log_open(settings->log, message);
        if (error != 0)
            return error;
    }
    teller.stream = fopencookie(NULL, "w", functions);
    if (teller.stream == NULL) {
        snprintf(message, TELLER_MESSAGE_MAX, "%s", strerror(ENOMEM));
        teller_stop();
        return -ENOMEM;
    }
    (void)setvbuf(teller.stream, NULL, _IOLBF, BUFSIZ);
    teller.before = stderr;
    stderr = teller.stream;
    return 0;
}

void teller_settle(void)
{
    if (teller.status[0] != '\0')
        put("\n", 1);
    teller.status[0] = '\0';
}

void teller_stop(void)
{
    if (teller.stream != NULL) {
        fflush(teller.stream);
        if (teller.length > 0)
            put(teller.line, teller.length);
        teller_settle();
        stderr = teller.before;
        fclose(teller.stream);
    }
    if (teller.log != NULL)
        fclose(teller.log);
    free(teller.line);
    memset(&teller, 0, sizeof(teller));
}

unsigned int teller_columns(void)
{
    struct winsize size;
    if (teller.settings.form != TELLER_TERMINAL)
        return 0;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 2)
        return COLUMNS_DEFAULT - 1;
    return size.ws_col - 1U;
}

void teller_status(const char *line)
{
    char drawn[2 * STATUS_MAX];
    if (teller.settings.form != TELLER_TERMINAL) {
        // Not through the stream: the log is of what happened, not of every second.
        snprintf(drawn, sizeof(drawn), "%.*s\n", (int)sizeof(drawn) - 2, line);
        put(drawn, strlen(drawn));
        return;
    }
    snprintf(teller.status, sizeof(teller.status), "%.*s", (int)teller_columns(), line);
    int length = snprintf(drawn, sizeof(drawn), "\r%s\033[K", teller.status);
    put(drawn, (size_t)length);
}

void teller_explain(const char *format, ...)
{
    char text[1024];
    va_list values;
    if (teller.stream == NULL)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof(text), format, values);
    va_end(values);
    if (teller.settings.verbose)
        fprintf(stderr, "sonde: %s\n", text);
    else
        log_line(text);
}
