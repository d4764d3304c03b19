// SPDX-License-Identifier: BSD-3-Clause
#include "control/report/html_page.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "config/figures.h"
#include "config/printable.h"
#include "control/report/output_file.h"
#include "control/report/page_assets.h"

enum { TEXT_BYTES = 400 };

// ---- Text
// -------------------------------------------------------------------------------------------------------------

static const char *entity_of(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void html_text(FILE *out, const char *bytes, size_t length)
{
    char cut[TEXT_BYTES + 1];
    char text[PRINTABLE_GROWTH * TEXT_BYTES + 1];
    (void)snprintf(cut, sizeof(cut), "%.*s", (int)(length < TEXT_BYTES ? length : TEXT_BYTES), bytes);
    (void)printable(cut, text, sizeof(text));
    for (const char *at = text; *at != '\0'; at++) {
        const char *entity = entity_of(*at);
        if (entity != NULL)
            (void)fputs(entity, out);
        else
            (void)fputc(*at, out);
    }
    if (length > TEXT_BYTES)
        (void)fputs("...", out);
}

void html_words(FILE *out, const char *text)
{
    html_text(out, text, strlen(text));
}

void html_count(FILE *out, const char *before, uint64_t count, const char *after)
{
    char number[FIGURE_MAX];
    (void)fprintf(out, "%s%s%s", before, figure_count(count, number), after);
}

void html_item(void *out, const char *sentence)
{
    (void)fputs("<li>", out);
    html_words(out, sentence);
    (void)fputs("</li>\n", out);
}

void html_fact(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, "<dt>%s</dt><dd>", name);
    html_words(out, text);
    (void)fputs("</dd>\n", out);
}

void html_table_begin(FILE *out, const char *id, const char *classes, const char *named)
{
    (void)fputs("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
    html_words(out, named);
    (void)fputs("\"><table id=\"", out);
    html_words(out, id);
    (void)fprintf(out, "\" class=\"%s\">\n", classes);
}

void html_table_end(FILE *out)
{
    (void)fputs("</table></div>\n", out);
}

// ---- The frame
// --------------------------------------------------------------------------------------------------------

// " 'sha256-...'"
static int digest_write(const struct page_asset *asset, FILE *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char base64[2 * EVP_MAX_MD_SIZE];
    unsigned int length;
    if (EVP_Digest(asset->text, asset->length, digest, &length, EVP_sha256(), NULL) != 1)
        return -ENOMEM;
    (void)EVP_EncodeBlock(base64, digest, (int)length);
    (void)fprintf(out, " 'sha256-%s'", (const char *)base64);
    return 0;
}

int html_page_begin(const char *title, FILE *out)
{
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src",
                out);
    int error = digest_write(&page_style, out);
    (void)fputs("; script-src", out);
    for (size_t i = 0; i < page_script_count && error == 0; i++)
        error = digest_write(&page_scripts[i], out);
    (void)fprintf(out,
                  "; base-uri 'none'; form-action 'none'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"referrer\" content=\"no-referrer\">\n<title>%s</title>\n<style>",
                  title);
    (void)fwrite(page_style.text, 1, page_style.length, out);
    (void)fputs("</style>\n</head>\n<body>\n", out);
    return error;
}

// What the MIT licence wants to stand beside copies of what is under it.
static const char mit[] =
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated "
    "documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation "
    "the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and "
    "to permit persons to whom the Software is furnished to do so, subject to the following conditions: The above "
    "copyright notice and this permission notice shall be included in all copies or substantial portions of the "
    "Software. THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT "
    "LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT "
    "SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION "
    "OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER "
    "DEALINGS IN THE SOFTWARE.";

static void notices_write(FILE *out)
{
    if (page_script_count < 2)
        return;
    (void)fputs("<details><summary>Software in this page</summary>\n<ul>\n", out);
    for (size_t i = 0; i < page_script_count; i++)
        if (page_scripts[i].notice[0] != '\0')
            html_item(out, page_scripts[i].notice);
    (void)fprintf(out, "</ul>\n<p>%s</p></details>\n", mit);
}

void html_page_end(FILE *out)
{
    (void)fputs("<footer><p>Made by sonde. This page is one file: it loads nothing and sends nothing.</p>\n", out);
    notices_write(out);
    (void)fputs("</footer>\n", out);
    for (size_t i = 0; i < page_script_count; i++) {
        (void)fputs("<script>", out);
        (void)fwrite(page_scripts[i].text, 1, page_scripts[i].length, out);
        (void)fputs("</script>\n", out);
    }
    (void)fputs("</body>\n</html>\n", out);
}

int html_page_save(const char *path, int write(const void *context, FILE *out), const void *context,
                   char message[static 512])
{
    struct output_file file;
    int error = output_file_open(path, &file);
    if (error == 0) {
        errno = 0;
        error = write(context, file.stream);
        // Every write after the first that failed has failed for the same reason.
        if (error == 0 && ferror(file.stream) != 0)
            error = errno != 0 ? -errno : -EIO;
        error = output_file_finish(&file, error);
    }
    if (error != 0)
        (void)snprintf(message, 512, "%.400s: %.100s", path, strerror(-error));
    return error;
}
