// SPDX-License-Identifier: BSD-3-Clause
#include "config/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

static int input_digest(struct input *input)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(input->text, input->length, digest, &length, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    for (unsigned int i = 0; i < 32; i++) {
        input->sha256[2 * i] = hex[digest[i] >> 4];
        input->sha256[2 * i + 1] = hex[digest[i] & 15];
    }
    input->sha256[64] = '\0';
    return 0;
}

// A file that grows while it is read is read up to the size it had.
static int input_fill(int fd, size_t size, struct input *input)
{
    input->text = malloc(size + 1);
    if (input->text == NULL)
        return -ENOMEM;
    while (input->length < size) {
        ssize_t got = read(fd, input->text + input->length, size - input->length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        input->length += (size_t)got;
    }
    input->text[input->length] = '\0';
    int error = input_digest(input);
    // A byte order mark, which some editors leave, is no part of the text, but of the file that the digest is of.
    if (input->length >= 3 && memcmp(input->text, "\xef\xbb\xbf", 3) == 0) {
        input->length -= 3;
        memmove(input->text, input->text + 3, input->length + 1);
    }
    return error;
}

// Lists, range files and catalogues are texts. -iL of a command line unpacks before anything comes here.
static bool is_packed(const struct input *input)
{
    return input->length > 4 &&
           (memcmp(input->text, "\x1f\x8b\x08", 3) == 0 || memcmp(input->text, "\x28\xb5\x2f\xfd", 4) == 0);
}

static int input_read_fd(int fd, const char *path, size_t limit_bytes, struct input *input, struct complaint *complaint)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return complain(complaint, path, "", "cannot be read: %s", strerror(errno));
    if (!S_ISREG(status.st_mode))
        return complain(complaint, path, "", "is %s, expected a file",
                        S_ISDIR(status.st_mode) ? "a folder" : "no file");
    if ((uint64_t)status.st_size > limit_bytes)
        return complain(complaint, path, "", "is too long, expected at most %zu MB", limit_bytes >> 20);
    int error = input_fill(fd, (size_t)status.st_size, input);
    if (error == -ENOMEM)
        (void)complain(complaint, path, "", "out of memory");
    else if (error != 0)
        error = complain(complaint, path, "", "cannot be read: %s", strerror(-error));
    else if (is_packed(input))
        error = complain(complaint, path, "",
                         "is packed, expected a text: unpack it first (sonde scan -iL FILE unpacks lists by itself)");
    return error;
}

int input_read(const char *path, size_t limit_bytes, struct input *ret_input, struct complaint *ret_complaint)
{
    // O_NONBLOCK: opening a FIFO must not hang.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        int error = errno;
        (void)complain(ret_complaint, path, "", "cannot be read: %s", strerror(error));
        return error == ENOENT ? -ENOENT : -EINVAL;
    }
    struct input input = {0};
    int error = input_read_fd(fd, path, limit_bytes, &input, ret_complaint);
    (void)close(fd);
    if (error != 0) {
        input_fini(&input);
        return error;
    }
    *ret_input = input;
    return 0;
}

void input_fini(struct input *input)
{
    free(input->text);
    *input = (struct input){0};
}
