// The part of scrypt (RFC 7914) that takes the time, one or two lanes of it, so that lanes can be computed at once on several cores.
#pragma once
#include <stddef.h>
#include <stdint.h>

// scryptROMix: replaces each of the blocks of `128 * r` bytes that lie at `blocks`, of which there are 1 or 2; both take little longer
// than one. `n` is a power of two from 2 to 2^32.
// Takes a little over `64 * r * n` bytes of memory per lane while it runs; 0 for success, -1 if there is not so much.
int scrypt_mix_lanes(uint8_t *blocks, int lanes, uint64_t n, uint64_t r);
