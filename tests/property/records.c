// SPDX-License-Identifier: BSD-3-Clause
// write(read(line)) = line: for every line of a file of records, or without one for random observations in which any
// field of any part is known or not, and for every truncation and many damages of some of them, which have to be
// refused or read without harm.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/record/record.h"

enum { ROUNDS = 20000, DAMAGES = 200 };

static char line[RECORD_BYTES_MAX];
static char copy[RECORD_BYTES_MAX];
static char again[RECORD_BYTES_MAX];

static uint64_t random_state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t random_below(uint64_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state % limit;
}

// Bytes of every kind: letters, what JSON escapes, controls, pieces of UTF-8.
static size_t bytes_make(char *bytes, size_t most)
{
    static const char odd[] = "\"\\/\b\f\n\r\t\x7f\x1b[31m\xc2\x9b\xe2\x80\xa8\xf0\x9f\x98\x80\xff\xc3,";
    size_t length = random_below(8) == 0 ? 0 : random_below(most < 40 ? most + 2 : 40);
    length = random_below(50) == 0 ? most + random_below(3) : length;
    for (size_t i = 0; i < length; i++)
        bytes[i] = random_below(3) != 0 ? (char)('a' + random_below(26)) : odd[random_below(sizeof(odd))];
    return length;
}

static void field_learn(struct observation *observation, const struct field *field)
{
    static char bytes[8192];
    struct address address = address_v4((uint32_t)random_below(UINT64_C(1) << 32));
    switch ((enum field_kind)field->kind) {
    case FIELD_TEXT:
        learn_text(observation, field, bytes, bytes_make(bytes, field->size));
        break;
    case FIELD_LIST:
        learn_list(observation, field);
        for (uint64_t i = random_below(6); i > 0; i--)
            learn_name(observation, field, bytes, bytes_make(bytes, field->size / 2));
        break;
    case FIELD_FLAG:
        learn_flag(observation, field, random_below(2) == 1);
        break;
    case FIELD_NUMBER:
        learn_number(observation, field, (int64_t)random_below(UINT64_C(1) << random_below(63)) - 5);
        break;
    case FIELD_MILLI:
        learn_number(observation, field, (int64_t)random_below(UINT64_C(1) << random_below(50)));
        break;
    case FIELD_TIME:
        learn_number(observation, field, (int64_t)random_below(UINT64_C(315569519999)) - INT64_C(62167219200));
        break;
    case FIELD_INSTANT:
        learn_number(observation, field, (int64_t)random_below(UINT64_C(253402300799999)));
        break;
    case FIELD_ADDRESS:
        address.family = random_below(2) == 0 ? 4 : 6;
        learn_address(observation, field, address);
        break;
    case FIELD_ROWS:
    case FIELD_KIND_COUNT:
        break;
    }
}

static size_t record_make(char *text)
{
    struct observation observation;
    struct writer writer;
    observation_init(&observation);
    uint64_t density = random_below(5);
    for (size_t i = 0; i < PART_COUNT; i++) {
        bool absent = random_below(3) == 0 && i != PART_root;
        for (size_t j = 0; j < parts[i]->field_count && !absent; j++)
            if (random_below(4) < density)
                field_learn(&observation, &parts[i]->fields[j]);
    }
    learn_number(&observation, FIELD(root, schema), RECORD_SCHEMA);
    writer_init(&writer, text, RECORD_BYTES_MAX);
    bool written = record_write(&observation, &writer) == 0;
    observation_fini(&observation);
    return written ? writer.length : 0;
}

// Returns the length of the second writing, 0 when it was refused.
static size_t record_again(const char *text, size_t length, struct record_fault *ret_fault)
{
    struct observation observation;
    struct writer writer;
    size_t unknown = 0;
    memcpy(copy, text, length);
    observation_init(&observation);
    writer_init(&writer, again, sizeof(again));
    bool read = record_read(copy, length, &observation, &unknown, ret_fault) == 0 && unknown == 0;
    bool written = read && record_write(&observation, &writer) == 0;
    observation_fini(&observation);
    return written ? writer.length : 0;
}

static bool line_check(const char *text, size_t length, const char *what, size_t number)
{
    struct record_fault fault = {0};
    size_t second = record_again(text, length - 1, &fault);
    if (second == length && memcmp(again, text, length) == 0)
        return true;
    printf("%s %zu is not the same again (%s at %zu):\n%.*s%.*s", what, number, fault.what != NULL ? fault.what : "-",
           fault.at, (int)length, text, (int)second, again);
    return false;
}

static void damage(const char *text, size_t length)
{
    static char broken[RECORD_BYTES_MAX];
    for (size_t i = 0; i < DAMAGES; i++) {
        size_t cut = random_below(length);
        memcpy(broken, text, length);
        broken[random_below(length)] = (char)random_below(256);
        (void)record_again(broken, i % 2 == 0 ? length - 1 : cut, NULL);
    }
}

static int file_check(const char *path)
{
    FILE *file = fopen(path, "re");
    size_t number = 0;
    size_t bad = 0;
    while (file != NULL && fgets(line, sizeof(line), file) != NULL)
        bad += line_check(line, strlen(line), "line", ++number) ? 0 : 1;
    if (file != NULL)
        fclose(file);
    printf("%zu records of %s, %zu differ\n", number, path, bad);
    return number > 0 && bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    size_t bad = 0;
    if (argc > 1)
        return file_check(argv[1]);
    for (size_t round = 0; round < ROUNDS && bad < 3; round++) {
        size_t length = record_make(line);
        bad += length > 0 && line_check(line, length, "round", round) ? 0 : 1;
        if (round % 64 == 0 && length > 0)
            damage(line, length);
    }
    printf("%d random records, %zu differ\n", ROUNDS, bad);
    return bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
