// The part of scrypt (RFC 7914) that takes the time, one lane of it, so that lanes can be computed at once on several cores.
#pragma once
#include <stddef.h>
#include <stdint.h>

// scryptROMix: replaces the `128 * r` bytes at `block`. `n` is a power of two from 2 to 2^32.
// Takes `128 * r * n` bytes of memory while it runs; 0 for success, -1 if there is not so much.
int scrypt_mix_lane(uint8_t *block, uint64_t n, uint64_t r);
