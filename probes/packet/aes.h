// SPDX-License-Identifier: BSD-3-Clause
#pragma once
// AES-128 in portable C (FIPS 197): the key schedule that every variant uses, and the cipher that every variant must
// equal. Not for bulk data; its tables may show through the cache, which matters to nobody outside this machine.

#include <stdint.h>

// FIPS 197 section 5.2.
void aes_expand(const uint8_t secret[static 16], uint8_t ret_rounds[static 11][16]);

// FIPS 197 section 5.1. input and ret_output may be the same.
void aes_encrypt(const uint8_t rounds[static 11][16], const uint8_t input[static 16], uint8_t ret_output[static 16]);
