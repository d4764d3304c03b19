// SPDX-License-Identifier: BSD-3-Clause
#include "control/classify/cve.h"

#include <stdio.h>
#include <string.h>

#include "control/classify/condition.h"

const char *const cve_status_names[] = {
    [CVE_NOT_AFFECTED] = "not_affected",
    [CVE_CONDITIONAL] = "conditional",
    [CVE_AFFECTED] = "affected",
};

// What judging one CVE needs.
struct judging {
    const struct intel *intel;
    const struct cve_subject *subject;
    const struct cve_trace *trace;
};

static void trace_step(const struct judging *judging, const char *what, const struct intel_match *match,
                       enum truth truth)
{
    static const char *const truths[] = {[TRUTH_FALSE] = "no", [TRUTH_UNKNOWN] = "not known", [TRUTH_TRUE] = "yes"};
    char text[CVE_EVIDENCE_BYTES];
    char line[CVE_EVIDENCE_BYTES + 64];
    const struct cve_reason reason = {.match = match};
    if (judging->trace == NULL)
        return;
    (void)cve_evidence(judging->intel, judging->subject, &reason, text);
    (void)snprintf(line, sizeof(line), "%s: %s? %s", what, text, truths[truth]);
    judging->trace->step(judging->trace->context, line);
}

static bool same_text(const char *text, const char *other)
{
    return text == other || strcmp(text, other) == 0;
}

static bool is_subject(const struct judging *judging, const struct intel_match *match)
{
    return same_text(intel_string(judging->intel, match->name), judging->subject->name) &&
           same_text(intel_string(judging->intel, match->vendor), judging->subject->vendor);
}

// Whether a version lies within the bounds of an entry. The update of an entry with bounds belongs to its end
// (CVE-2016-6210: `openssh:*:p2` to 7.2 is 7.2p2).
static bool bounds_hold(const struct judging *judging, const struct intel_match *match)
{
    const char *start = intel_string(judging->intel, match->start);
    const char *end = intel_string(judging->intel, match->end);
    struct version bound;
    if (start[0] != '\0' && version_make(start, NULL, &bound)) {
        int order = version_bound_compare(&judging->subject->version, &bound);
        if (order < 0 || (order == 0 && (match->part_flags & INTEL_MATCH_START_INCLUDED) == 0))
            return false;
    }
    if (end[0] != '\0' && version_make(end, intel_string(judging->intel, match->update), &bound)) {
        int order = version_bound_compare(&judging->subject->version, &bound);
        if (order > 0 || (order == 0 && (match->part_flags & INTEL_MATCH_END_INCLUDED) == 0))
            return false;
    }
    return true;
}

// Whether the entry names exactly this version. Its update, where it names one, has to be ours; NA fits only none.
static bool version_fits(const struct judging *judging, const struct intel_match *match)
{
    const struct version *ours = &judging->subject->version;
    const char *update = intel_string(judging->intel, match->update);
    struct version theirs;
    if (!version_make(intel_string(judging->intel, match->version), update, &theirs) ||
        version_text_compare(ours->number, theirs.number) != 0)
        return false;
    if ((match->part_flags & INTEL_MATCH_UPDATE_NA) != 0)
        return ours->update[0] == '\0';
    return theirs.update[0] == '\0' || version_text_compare(ours->update, theirs.update) == 0;
}

// One entry about our product.
static enum truth match_truth(const struct judging *judging, const struct intel_match *match)
{
    uint32_t flags = match->part_flags;
    bool holds = (flags & INTEL_MATCH_VERSION_NA) == 0 &&
                 ((flags & INTEL_MATCH_VERSION_ANY) != 0 ? bounds_hold(judging, match) : version_fits(judging, match));
    // Without bounds an update is all that the entry asks for.
    bool bounded = match->start != 0 || match->end != 0;
    if (holds && (flags & INTEL_MATCH_VERSION_ANY) != 0 && !bounded && match->update != 0)
        holds =
            version_text_compare(judging->subject->version.update, intel_string(judging->intel, match->update)) == 0;
    if (!holds)
        return TRUTH_FALSE;
    return (flags & INTEL_MATCH_PLATFORM) != 0 ? TRUTH_UNKNOWN : TRUTH_TRUE;
}

// A node: what it is as far as our product makes it so (hit, through an entry that is vulnerable), and what it is at
// all, where nothing is known of other products.
struct node_truth {
    enum truth hit;
    enum truth whole;
    const struct intel_match *match; // that made the hit
    const struct intel_match *other; // the first of another product
};

static struct node_truth node_judge(const struct judging *judging, const struct intel_node *node)
{
    struct node_truth result = {.hit = TRUTH_FALSE, .whole = node->all != 0 ? TRUTH_TRUE : TRUTH_FALSE};
    for (uint32_t i = 0; i < node->match_count; i++) {
        const struct intel_match *match = &judging->intel->matches[node->first_match + i];
        bool ours = is_subject(judging, match);
        enum truth truth = ours ? match_truth(judging, match) : TRUTH_UNKNOWN;
        if (ours)
            trace_step(judging, "entry", match, truth);
        else if (result.other == NULL)
            result.other = match;
        if (node->all != 0 ? truth < result.whole : truth > result.whole)
            result.whole = truth;
        if (ours && (match->part_flags & INTEL_MATCH_VULNERABLE) != 0 && truth > result.hit) {
            result.hit = truth;
            result.match = match;
        }
    }
    if (node->all != 0 && result.hit > result.whole)
        result.hit = result.whole;
    return result;
}

// A configuration applies through a node in which our product is the vulnerable one; where all nodes have to hold, the
// others too.
static enum truth configuration_judge(const struct judging *judging, const struct intel_configuration *configuration,
                                      struct cve_reason *ret_reason)
{
    enum truth best = TRUTH_FALSE;
    for (uint32_t i = 0; i < configuration->node_count; i++) {
        struct node_truth hit = node_judge(judging, &judging->intel->nodes[configuration->first_node + i]);
        struct cve_reason reason = {.match = hit.match};
        enum truth truth = hit.hit;
        for (uint32_t j = 0; configuration->all != 0 && j < configuration->node_count && truth != TRUTH_FALSE; j++) {
            if (j == i)
                continue;
            const struct judging quiet = {.intel = judging->intel, .subject = judging->subject};
            struct node_truth other = node_judge(&quiet, &judging->intel->nodes[configuration->first_node + j]);
            if (other.whole == TRUTH_UNKNOWN && reason.beside == NULL)
                reason.beside = other.other;
            truth = other.whole < truth ? other.whole : truth;
        }
        if (truth > best) {
            best = truth;
            *ret_reason = reason;
        }
    }
    return best;
}

enum cve_status cve_judge(const struct intel *intel, const struct intel_cve *cve, const struct cve_subject *subject,
                          const struct cve_trace *trace, struct cve_reason *ret_reason)
{
    const struct judging judging = {.intel = intel, .subject = subject, .trace = trace};
    enum truth best = TRUTH_FALSE;
    *ret_reason = (struct cve_reason){0};
    for (uint32_t i = 0; i < cve->configuration_count && best != TRUTH_TRUE; i++) {
        struct cve_reason reason = {0};
        enum truth truth = configuration_judge(&judging, &intel->configurations[cve->first_configuration + i], &reason);
        if (truth > best) {
            best = truth;
            *ret_reason = reason;
        }
    }
    return best == TRUTH_TRUE ? CVE_AFFECTED : best == TRUTH_UNKNOWN ? CVE_CONDITIONAL : CVE_NOT_AFFECTED;
}

// "at or after 6.2 and before 7.8", "7.2p2", "any version"
static void range_print(const struct intel *intel, const struct intel_match *match, char *ret_text, size_t room)
{
    const char *start = intel_string(intel, match->start);
    const char *end = intel_string(intel, match->end);
    const char *update = intel_string(intel, match->update);
    uint32_t flags = match->part_flags;
    if ((flags & INTEL_MATCH_VERSION_NA) != 0)
        (void)snprintf(ret_text, room, "one without a version");
    else if ((flags & INTEL_MATCH_VERSION_ANY) == 0)
        (void)snprintf(ret_text, room, "%s%s%s, which is listed", intel_string(intel, match->version),
                       (flags & INTEL_MATCH_UPDATE_NA) != 0 ? " without an update"
                       : update[0] != '\0'                  ? " "
                                                            : "",
                       update);
    else if (start[0] == '\0' && end[0] == '\0')
        (void)snprintf(ret_text, room, "listed in any version");
    else
        (void)snprintf(ret_text, room, "%s%s%s%s%s%s",
                       start[0] == '\0'                            ? ""
                       : (flags & INTEL_MATCH_START_INCLUDED) != 0 ? "at or after "
                                                                   : "after ",
                       start, start[0] != '\0' && end[0] != '\0' ? " and " : "",
                       end[0] == '\0'                            ? ""
                       : (flags & INTEL_MATCH_END_INCLUDED) != 0 ? "at or before "
                                                                 : "before ",
                       end, update);
}

static const char *source_of(const struct intel_match *match)
{
    uint32_t flags = match->part_flags;
    return (flags & INTEL_MATCH_VENDOR) != 0      ? "its vendor's CVE record"
           : (flags & INTEL_MATCH_ASSIGNER) != 0  ? "the CVE record; NVD gives no ranges"
           : (flags & INTEL_MATCH_OVERRULED) != 0 ? "NVD, which its vendor's CVE record overrules"
                                                  : "NVD";
}

size_t cve_evidence(const struct intel *intel, const struct cve_subject *subject, const struct cve_reason *reason,
                    char ret_text[static CVE_EVIDENCE_BYTES])
{
    char range[128];
    if (reason->match == NULL) {
        (void)snprintf(ret_text, CVE_EVIDENCE_BYTES, "%.100s is not in any entry (NVD)", subject->shown);
        return strlen(ret_text);
    }
    range_print(intel, reason->match, range, sizeof(range));
    if (reason->beside != NULL)
        (void)snprintf(ret_text, CVE_EVIDENCE_BYTES, "%.80s is %s (%s), where it runs with %.40s %.40s", subject->shown,
                       range, source_of(reason->match), intel_string(intel, reason->beside->vendor),
                       intel_string(intel, reason->beside->name));
    else if ((reason->match->part_flags & INTEL_MATCH_PLATFORM) != 0)
        (void)snprintf(ret_text, CVE_EVIDENCE_BYTES,
                       "%.80s is %s (%s), on an edition or platform that it does not tell", subject->shown, range,
                       source_of(reason->match));
    else
        (void)snprintf(ret_text, CVE_EVIDENCE_BYTES, "%.100s is %s (%s)", subject->shown, range,
                       source_of(reason->match));
    return strlen(ret_text);
}
