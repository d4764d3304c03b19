// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// Private to http: what a page is written in, by the names of the Encoding Standard (section 4.2), and a text of it as
// UTF-8. The C library's iconv converts; its modules are files, so all are opened when the environment is made.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probes/bytes.h"

// X(enumerator, iconv's name, labels). What has no iconv name is decoded as it comes (http_page.h).
#define HTTP_CHARSETS(X)                                                                                               \
    X(CHARSET_UTF_8, "UTF-8", "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8")              \
    X(CHARSET_WINDOWS_1252, "CP1252",                                                                                  \
      "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 "      \
      "iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 x-user-defined")                                       \
    X(CHARSET_SHIFT_JIS, "CP932", "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932")       \
    X(CHARSET_EUC_JP, "EUC-JP-MS", "cseucpkdfmtjapanese euc-jp x-euc-jp")                                              \
    X(CHARSET_GB18030, "GB18030",                                                                                      \
      "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030 cp936")                  \
    X(CHARSET_BIG5, "BIG5-HKSCS", "big5 big5-hkscs cn-big5 csbig5 x-x-big5")                                           \
    X(CHARSET_EUC_KR, "UHC",                                                                                           \
      "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949")     \
    X(CHARSET_WINDOWS_1250, "CP1250", "cp1250 windows-1250 x-cp1250")                                                  \
    X(CHARSET_WINDOWS_1251, "CP1251", "cp1251 windows-1251 x-cp1251")                                                  \
    X(CHARSET_WINDOWS_1253, "CP1253", "cp1253 windows-1253 x-cp1253")                                                  \
    X(CHARSET_WINDOWS_1254, "CP1254",                                                                                  \
      "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 "              \
      "windows-1254 x-cp1254")                                                                                         \
    X(CHARSET_WINDOWS_1255, "CP1255", "cp1255 windows-1255 x-cp1255")                                                  \
    X(CHARSET_WINDOWS_1256, "CP1256", "cp1256 windows-1256 x-cp1256")                                                  \
    X(CHARSET_WINDOWS_1257, "CP1257", "cp1257 windows-1257 x-cp1257")                                                  \
    X(CHARSET_WINDOWS_1258, "CP1258", "cp1258 windows-1258 x-cp1258")                                                  \
    X(CHARSET_WINDOWS_874, "CP874", "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874")                    \
    X(CHARSET_ISO_8859_2, "ISO-8859-2",                                                                                \
      "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2")                     \
    X(CHARSET_ISO_8859_3, "ISO-8859-3",                                                                                \
      "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3")                     \
    X(CHARSET_ISO_8859_4, "ISO-8859-4",                                                                                \
      "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4")                     \
    X(CHARSET_ISO_8859_5, "ISO-8859-5",                                                                                \
      "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988")               \
    X(CHARSET_ISO_8859_6, "ISO-8859-6",                                                                                \
      "arabic asmo-708 csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 "           \
      "iso88596 iso_8859-6 iso_8859-6:1987")                                                                           \
    X(CHARSET_ISO_8859_7, "ISO-8859-7",                                                                                \
      "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 "            \
      "iso_8859-7:1987 sun_eu_greek")                                                                                  \
    X(CHARSET_ISO_8859_8, "ISO-8859-8",                                                                                \
      "csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-8859-8-i iso-ir-138 iso8859-8 iso88598 iso_8859-8 "         \
      "iso_8859-8:1988 logical visual")                                                                                \
    X(CHARSET_ISO_8859_10, "ISO-8859-10", "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6")         \
    X(CHARSET_ISO_8859_13, "ISO-8859-13", "iso-8859-13 iso8859-13 iso885913")                                          \
    X(CHARSET_ISO_8859_14, "ISO-8859-14", "iso-8859-14 iso8859-14 iso885914")                                          \
    X(CHARSET_ISO_8859_15, "ISO-8859-15", "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9")               \
    X(CHARSET_ISO_8859_16, "ISO-8859-16", "iso-8859-16")                                                               \
    X(CHARSET_KOI8_R, "KOI8-R", "cskoi8r koi koi8 koi8-r koi8_r")                                                      \
    X(CHARSET_KOI8_U, "KOI8-U", "koi8-ru koi8-u")                                                                      \
    X(CHARSET_IBM866, "IBM866", "866 cp866 csibm866 ibm866")                                                           \
    X(CHARSET_MACINTOSH, "MACINTOSH", "csmacintosh mac macintosh x-mac-roman")                                         \
    X(CHARSET_MAC_CYRILLIC, "MAC-CYRILLIC", "x-mac-cyrillic x-mac-ukrainian")                                          \
    X(CHARSET_ISO_2022_JP, NULL, "csiso2022jp iso-2022-jp")                                                            \
    X(CHARSET_UTF_16BE, NULL, "unicodefffe utf-16be")                                                                  \
    X(CHARSET_UTF_16LE, NULL, "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le")

enum http_charset {
    CHARSET_UNKNOWN = 0,
#define X(enumerator, iconv_name, labels) enumerator,
    HTTP_CHARSETS(X)
#undef X
        CHARSET_COUNT
};

// A converter for each, made with the environment (probes/session/env.h). A charset that this system has no module for
// has none. One thread at a time.
struct http_charsets;

// Where decoded text goes.
struct http_utf8 {
    char *text;
    size_t size;
    size_t length;
    bool replaced; // U+FFFD stands for what is none of the charset
    bool unended;  // the text ended in the midst of a character, of which nothing is written
};

// Writes the text as well-formed UTF-8 to ret->text, of which ret->size bytes are there; of a text that does not fit
// the beginning.
void http_charset_decode(const struct http_charsets *charsets, enum http_charset charset, struct bytes text,
                         struct http_utf8 *ret);

enum { HTTP_LABEL_MAX = 23 };

// Looks for "charset=NAME" in a Content-Type or in the attributes of a meta element, byte by byte. All-zero is the
// beginning.
struct http_label {
    uint8_t phase;
    uint8_t matched;
    uint8_t length;
    char text[HTTP_LABEL_MAX + 1];
};

void http_label_read(struct http_label *label, uint8_t octet);

// What was found so far; CHARSET_UNKNOWN for none, or none that we know.
enum http_charset http_label_charset(const struct http_label *label);
