// SPDX-License-Identifier: BSD-3-Clause
#include "control/scan/kernel_guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Neither nft, the program, nor its library is used: a process beside us could be killed, and the table with it, and
// libnftables is under the GPL.

enum {
    BATCH_BYTES = 4096,
    PRIORITY_RAW = -300, // before connection tracking
    ADDRESS_OFFSET = 16, // of the destination in an IPv4 header
    PORT_OFFSET = 2,     // of the destination in a TCP header
};

static const char chain_name[] = "answers";

struct kernel_guard {
    struct mnl_socket *socket;
};

// Messages of one transaction, one after the other.
struct transaction {
    _Alignas(NLMSG_ALIGNTO) char bytes[BATCH_BYTES];
    size_t length;
    uint32_t messages;
    char table[32];
};

static struct nlmsghdr *message_begin(struct transaction *transaction, uint16_t type, uint16_t flags, uint16_t resource)
{
    struct nlmsghdr *header = mnl_nlmsg_put_header(transaction->bytes + transaction->length);
    header->nlmsg_type = type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    header->nlmsg_seq = ++transaction->messages;
    struct nfgenmsg *fixed = mnl_nlmsg_put_extra_header(header, sizeof(*fixed));
    fixed->nfgen_family = resource == 0 ? NFPROTO_IPV4 : AF_UNSPEC;
    fixed->version = NFNETLINK_V0;
    fixed->res_id = htons(resource);
    return header;
}

static void message_end(struct transaction *transaction, const struct nlmsghdr *header)
{
    transaction->length += header->nlmsg_len;
}

static struct nlmsghdr *table_message(struct transaction *transaction, uint16_t message, uint16_t flags)
{
    return message_begin(transaction, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message), flags, 0);
}

// One expression of a rule begins: { NAME, DATA { ...
static struct nlattr *expression_begin(struct nlmsghdr *rule, const char *name, struct nlattr **ret_data)
{
    struct nlattr *element = mnl_attr_nest_start(rule, NFTA_LIST_ELEM);
    mnl_attr_put_strz(rule, NFTA_EXPR_NAME, name);
    *ret_data = mnl_attr_nest_start(rule, NFTA_EXPR_DATA);
    return element;
}

static void expression_end(struct nlmsghdr *rule, struct nlattr *element, struct nlattr *data)
{
    mnl_attr_nest_end(rule, data);
    mnl_attr_nest_end(rule, element);
}

static void rule_load_protocol(struct nlmsghdr *rule)
{
    struct nlattr *data;
    struct nlattr *element = expression_begin(rule, "meta", &data);
    mnl_attr_put_u32(rule, NFTA_META_DREG, htonl(NFT_REG_1));
    mnl_attr_put_u32(rule, NFTA_META_KEY, htonl(NFT_META_L4PROTO));
    expression_end(rule, element, data);
}

static void rule_load(struct nlmsghdr *rule, uint32_t base, uint32_t offset, uint32_t bytes)
{
    struct nlattr *data;
    struct nlattr *element = expression_begin(rule, "payload", &data);
    mnl_attr_put_u32(rule, NFTA_PAYLOAD_DREG, htonl(NFT_REG_1));
    mnl_attr_put_u32(rule, NFTA_PAYLOAD_BASE, htonl(base));
    mnl_attr_put_u32(rule, NFTA_PAYLOAD_OFFSET, htonl(offset));
    mnl_attr_put_u32(rule, NFTA_PAYLOAD_LEN, htonl(bytes));
    expression_end(rule, element, data);
}

// What was loaded has to be so; the rule ends here where it is not.
static void rule_compare(struct nlmsghdr *rule, uint32_t operation, const void *value, size_t bytes)
{
    struct nlattr *data;
    struct nlattr *element = expression_begin(rule, "cmp", &data);
    mnl_attr_put_u32(rule, NFTA_CMP_SREG, htonl(NFT_REG_1));
    mnl_attr_put_u32(rule, NFTA_CMP_OP, htonl(operation));
    struct nlattr *constant = mnl_attr_nest_start(rule, NFTA_CMP_DATA);
    mnl_attr_put(rule, NFTA_DATA_VALUE, bytes, value);
    mnl_attr_nest_end(rule, constant);
    expression_end(rule, element, data);
}

static void rule_drop(struct nlmsghdr *rule)
{
    struct nlattr *data;
    struct nlattr *element = expression_begin(rule, "immediate", &data);
    mnl_attr_put_u32(rule, NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
    struct nlattr *constant = mnl_attr_nest_start(rule, NFTA_IMMEDIATE_DATA);
    struct nlattr *verdict = mnl_attr_nest_start(rule, NFTA_DATA_VERDICT);
    mnl_attr_put_u32(rule, NFTA_VERDICT_CODE, htonl(NF_DROP));
    mnl_attr_nest_end(rule, verdict);
    mnl_attr_nest_end(rule, constant);
    expression_end(rule, element, data);
}

static void table_add(struct transaction *transaction)
{
    struct nlmsghdr *table = table_message(transaction, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
    mnl_attr_put_strz(table, NFTA_TABLE_NAME, transaction->table);
    mnl_attr_put_u32(table, NFTA_TABLE_FLAGS, htonl(NFT_TABLE_F_OWNER));
    message_end(transaction, table);
}

static void chain_add(struct transaction *transaction)
{
    struct nlmsghdr *chain = table_message(transaction, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
    mnl_attr_put_strz(chain, NFTA_CHAIN_TABLE, transaction->table);
    mnl_attr_put_strz(chain, NFTA_CHAIN_NAME, chain_name);
    mnl_attr_put_strz(chain, NFTA_CHAIN_TYPE, "filter");
    mnl_attr_put_u32(chain, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
    struct nlattr *hook = mnl_attr_nest_start(chain, NFTA_CHAIN_HOOK);
    mnl_attr_put_u32(chain, NFTA_HOOK_HOOKNUM, htonl(NF_INET_PRE_ROUTING));
    mnl_attr_put_u32(chain, NFTA_HOOK_PRIORITY, htonl((uint32_t)PRIORITY_RAW));
    mnl_attr_nest_end(chain, hook);
    message_end(transaction, chain);
}

static void rule_add(struct transaction *transaction, struct interval addresses, const struct kernel_guard_ports *ports)
{
    static const uint8_t tcp = IPPROTO_TCP;
    const uint32_t to[] = {htonl(addresses.first), htonl(addresses.last)};
    const uint16_t first = htons(ports->first);
    const uint16_t last = htons((uint16_t)(ports->first + ports->count - 1));
    struct nlmsghdr *rule = table_message(transaction, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    mnl_attr_put_strz(rule, NFTA_RULE_TABLE, transaction->table);
    mnl_attr_put_strz(rule, NFTA_RULE_CHAIN, chain_name);
    struct nlattr *expressions = mnl_attr_nest_start(rule, NFTA_RULE_EXPRESSIONS);
    rule_load(rule, NFT_PAYLOAD_NETWORK_HEADER, ADDRESS_OFFSET, sizeof(to[0]));
    bool one = addresses.first == addresses.last;
    rule_compare(rule, one ? NFT_CMP_EQ : NFT_CMP_GTE, &to[0], sizeof(to[0]));
    if (!one)
        rule_compare(rule, NFT_CMP_LTE, &to[1], sizeof(to[1]));
    rule_load_protocol(rule);
    rule_compare(rule, NFT_CMP_EQ, &tcp, sizeof(tcp));
    rule_load(rule, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_OFFSET, sizeof(first));
    rule_compare(rule, NFT_CMP_GTE, &first, sizeof(first));
    rule_compare(rule, NFT_CMP_LTE, &last, sizeof(last));
    rule_drop(rule);
    mnl_attr_nest_end(rule, expressions);
    message_end(transaction, rule);
}

// Sends what it holds and reads what became of it. The kernel has answered by the time that the call which sends
// returns; it speaks of every message that failed, and of the last one, which asked for it, in any case.
static int transaction_send(const struct mnl_socket *socket, const struct transaction *transaction, uint32_t asked)
{
    _Alignas(NLMSG_ALIGNTO) char answer[BATCH_BYTES + 1024];
    if (mnl_socket_sendto(socket, transaction->bytes, transaction->length) < 0)
        return -errno;
    for (;;) {
        ssize_t length = recv(mnl_socket_get_fd(socket), answer, sizeof(answer), MSG_DONTWAIT);
        if (length < 0)
            return errno == EAGAIN ? -EPROTO : -errno;
        const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
        for (int left = (int)length; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
            const struct nlmsgerr *said = mnl_nlmsg_get_payload(header);
            if (header->nlmsg_type != NLMSG_ERROR)
                return header->nlmsg_seq == asked ? 0 : -EPROTO;
            if (mnl_nlmsg_get_payload_len(header) < sizeof(*said))
                return -EPROTO;
            if (said->error != 0 || header->nlmsg_seq == asked)
                return said->error;
        }
    }
}

static struct mnl_socket *netfilter_open(void)
{
    struct mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (socket == NULL || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0)
        return socket;
    int error = errno;
    mnl_socket_close(socket);
    errno = error;
    return NULL;
}

int kernel_guard_new(struct interval addresses, const struct kernel_guard_ports *ranges, size_t range_count,
                     struct kernel_guard **ret_guard)
{
    struct transaction transaction = {.length = 0};
    if (range_count == 0 || range_count > KERNEL_GUARD_RANGES_MAX)
        return -EINVAL;
    snprintf(transaction.table, sizeof(transaction.table), "sonde_%d", (int)getpid());
    message_end(&transaction, message_begin(&transaction, NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES));
    table_add(&transaction);
    chain_add(&transaction);
    size_t last = 0;
    for (size_t i = 0; i < range_count; i++) {
        last = transaction.length;
        rule_add(&transaction, addresses, &ranges[i]);
    }
    ((struct nlmsghdr *)(transaction.bytes + last))->nlmsg_flags |= NLM_F_ACK;
    uint32_t asked = transaction.messages;
    message_end(&transaction, message_begin(&transaction, NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES));
    struct kernel_guard *guard = calloc(1, sizeof(*guard));
    if (guard == NULL)
        return -ENOMEM;
    guard->socket = netfilter_open();
    int error = guard->socket == NULL ? -errno : transaction_send(guard->socket, &transaction, asked);
    if (error != 0) {
        kernel_guard_free(guard);
        return error;
    }
    *ret_guard = guard;
    return 0;
}

void kernel_guard_free(struct kernel_guard *guard)
{
    if (guard == NULL)
        return;
    if (guard->socket != NULL)
        mnl_socket_close(guard->socket); // and with it the table
    free(guard);
}

bool kernel_guard_usable(void)
{
    struct transaction transaction = {.length = 0};
    struct mnl_socket *socket = netfilter_open();
    if (socket == NULL)
        return false;
    message_end(&transaction, table_message(&transaction, NFT_MSG_GETGEN, 0));
    int error = transaction_send(socket, &transaction, transaction.messages);
    mnl_socket_close(socket);
    return error == 0;
}
