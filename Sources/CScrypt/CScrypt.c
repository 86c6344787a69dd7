#define _GNU_SOURCE
#include "CScrypt.h"

#include <string.h>
#include <sys/mman.h>

// Four words of Salsa20's square at once. A block lies in memory as its four diagonals, so that a round of the columns is
// arithmetic on whole vectors, and turning three of these makes the rows columns.
typedef uint32_t words __attribute__((vector_size(16)));

static inline words turned(words x, int bits) { return (x << bits) | (x >> (32 - bits)); }

// Adds `with` to the block in `x` (xor), and applies Salsa20/8.
static inline void salsa(words x[4], const words with[4]) {
  words a = x[0] ^ with[0], b = x[1] ^ with[1], c = x[2] ^ with[2], d = x[3] ^ with[3];
  const words a0 = a, b0 = b, c0 = c, d0 = d;
  for (int round = 0; round < 4; round++) {
    b ^= turned(a + d, 7);
    c ^= turned(b + a, 9);
    d ^= turned(c + b, 13);
    a ^= turned(d + c, 18);
    words rows_b = __builtin_shufflevector(d, d, 1, 2, 3, 0);
    words rows_c = __builtin_shufflevector(c, c, 2, 3, 0, 1);
    words rows_d = __builtin_shufflevector(b, b, 3, 0, 1, 2);
    rows_b ^= turned(a + rows_d, 7);
    rows_c ^= turned(rows_b + a, 9);
    rows_d ^= turned(rows_c + rows_b, 13);
    a ^= turned(rows_d + rows_c, 18);
    b = __builtin_shufflevector(rows_d, rows_d, 1, 2, 3, 0);
    c = __builtin_shufflevector(rows_c, rows_c, 2, 3, 0, 1);
    d = __builtin_shufflevector(rows_b, rows_b, 3, 0, 1, 2);
  }
  x[0] = a + a0;
  x[1] = b + b0;
  x[2] = c + c0;
  x[3] = d + d0;
}

// scryptBlockMix of `in` to `out`: `2 * r` blocks of four vectors. With `other` that is added to `in` first.
static inline void mix(const words *in, const words *other, words *out, size_t r) {
  words x[4];
  const size_t last = 4 * (2 * r - 1);
  for (int i = 0; i < 4; i++) x[i] = other ? in[last + i] ^ other[last + i] : in[last + i];
  for (size_t block = 0; block < 2 * r; block++) {
    words sum[4];
    for (int i = 0; i < 4; i++) sum[i] = other ? in[4 * block + i] ^ other[4 * block + i] : in[4 * block + i];
    salsa(x, sum);
    memcpy(out + 4 * (block / 2 + (block % 2 ? r : 0)), x, sizeof x);
  }
}

// Where the word at a place among the diagonals lies in Salsa20's square.
static inline int place(int diagonal) { return (diagonal % 4 * 5 + diagonal / 4 * 4) % 16; }

static uint32_t load(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int scrypt_mix_lane(uint8_t *block, uint64_t n, uint64_t r) {
  const size_t vectors = 8 * r, size = 128 * r;
  // Two blocks more: the one that is worked on, and the next.
  const size_t length = size * (n + 2);
  words *all = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return -1;
  madvise(all, length, MADV_HUGEPAGE);  // fewer page faults; it works without

  uint32_t *text = (uint32_t *)all;
  for (size_t start = 0; start < 32 * r; start += 16)
    for (int i = 0; i < 16; i++) text[start + i] = load(block + 4 * (start + place(i)));
  for (uint64_t i = 0; i < n; i++) mix(all + vectors * i, NULL, all + vectors * (i + 1), r);
  words *current = all + vectors * n, *next = current + vectors;
  for (uint64_t i = 0; i < n; i++) {
    const uint64_t j = current[vectors - 4][0] & (n - 1);
    mix(current, all + vectors * j, next, r);
    words *swap = current;
    current = next;
    next = swap;
  }
  text = (uint32_t *)current;
  for (size_t start = 0; start < 32 * r; start += 16)
    for (int i = 0; i < 16; i++) {
      uint8_t *to = block + 4 * (start + place(i));
      for (int byte = 0; byte < 4; byte++) to[byte] = text[start + i] >> 8 * byte;
    }
  // The kernel clears pages before anybody else gets them.
  munmap(all, length);
  return 0;
}
