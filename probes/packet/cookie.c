// SPDX-License-Identifier: BSD-3-Clause
#include "probes/packet/cookie.h"

#include <errno.h>
#include <string.h>

#include "probes/packet/aes.h"

enum { COOKIE_PORTS_MAX = 32768, COOKIE_FAMILY_IPV4 = 4 };

int cookie_key_init(struct cookie_key *ret_key, const uint8_t secret[static 16], uint32_t source_address,
                    uint16_t port_first, uint16_t port_count)
{
    if (port_count == 0 || port_count > COOKIE_PORTS_MAX || (port_count & (port_count - 1)) != 0)
        return -EINVAL;
    if ((uint32_t)port_first + port_count > 65536)
        return -EINVAL;
    aes_expand(secret, ret_key->rounds);
    ret_key->source_address = source_address;
    ret_key->port_first = port_first;
    ret_key->port_mask = (uint16_t)(port_count - 1);
    return 0;
}

static void store_be32(uint8_t *at, uint32_t value)
{
    uint32_t swapped = __builtin_bswap32(value);
    memcpy(at, &swapped, 4);
}

static void words_make(const struct cookie_key *key, uint32_t remote_address, uint32_t ports,
                       uint32_t ret_words[static 2])
{
    uint8_t block[16] = {[12] = COOKIE_FAMILY_IPV4};
    store_be32(block, remote_address);
    store_be32(block + 4, ports);
    store_be32(block + 8, key->source_address);
    aes_encrypt(key->rounds, block, block);
    memcpy(ret_words, block, 2 * sizeof(ret_words[0]));
}

uint32_t cookie_flow(const struct cookie_key *key, uint32_t remote_address, uint16_t remote_port, uint16_t local_port)
{
    uint32_t words[2];
    words_make(key, remote_address, (uint32_t)remote_port << 16 | local_port, words);
    return words[0];
}

struct cookie cookie_make(const struct cookie_key *key, uint32_t remote_address, uint16_t remote_port)
{
    uint32_t words[2];
    words_make(key, remote_address, (uint32_t)remote_port << 16, words);
    return (struct cookie){
        .isn = words[0],
        .local_port = (uint16_t)(key->port_first + (words[1] & key->port_mask)),
        .ip_id = (uint16_t)(words[1] >> 16),
    };
}
