#define _GNU_SOURCE
#include "CScrypt.h"

#include <string.h>
#include <sys/mman.h>

// Four words of Salsa20's square at once. A block lies in memory as its four diagonals, so that a round of the columns is
// arithmetic on whole vectors, and turning three of these makes the rows columns.
typedef uint32_t words __attribute__((vector_size(16)));

#define INLINE static inline __attribute__((always_inline))

INLINE words turned(words x, int bits) { return (x << bits) | (x >> (32 - bits)); }

// Each step of Salsa20 needs the one before, so that the processor waits most of the time. In that time it can do the same for a
// second lane: two at once take hardly longer than one. `lanes` is 1 or 2, a constant wherever it is used.
#define EACH for (int lane = 0; lane < lanes; lane++)

// Adds `with` to the blocks in `x` (xor), and applies Salsa20/8.
INLINE void salsa(words x[][4], words with[][4], const int lanes) {
  words a[2], b[2], c[2], d[2], start[2][4];
  EACH for (int i = 0; i < 4; i++) start[lane][i] = x[lane][i] ^ with[lane][i];
  EACH { a[lane] = start[lane][0], b[lane] = start[lane][1], c[lane] = start[lane][2], d[lane] = start[lane][3]; }
  for (int round = 0; round < 4; round++) {
    words rows_b[2], rows_c[2], rows_d[2];
    EACH b[lane] ^= turned(a[lane] + d[lane], 7);
    EACH c[lane] ^= turned(b[lane] + a[lane], 9);
    EACH d[lane] ^= turned(c[lane] + b[lane], 13);
    EACH a[lane] ^= turned(d[lane] + c[lane], 18);
    EACH rows_b[lane] = __builtin_shufflevector(d[lane], d[lane], 1, 2, 3, 0);
    EACH rows_c[lane] = __builtin_shufflevector(c[lane], c[lane], 2, 3, 0, 1);
    EACH rows_d[lane] = __builtin_shufflevector(b[lane], b[lane], 3, 0, 1, 2);
    EACH rows_b[lane] ^= turned(a[lane] + rows_d[lane], 7);
    EACH rows_c[lane] ^= turned(rows_b[lane] + a[lane], 9);
    EACH rows_d[lane] ^= turned(rows_c[lane] + rows_b[lane], 13);
    EACH a[lane] ^= turned(rows_d[lane] + rows_c[lane], 18);
    EACH b[lane] = __builtin_shufflevector(rows_d[lane], rows_d[lane], 1, 2, 3, 0);
    EACH c[lane] = __builtin_shufflevector(rows_c[lane], rows_c[lane], 2, 3, 0, 1);
    EACH d[lane] = __builtin_shufflevector(rows_b[lane], rows_b[lane], 3, 0, 1, 2);
  }
  EACH {
    x[lane][0] = a[lane] + start[lane][0];
    x[lane][1] = b[lane] + start[lane][1];
    x[lane][2] = c[lane] + start[lane][2];
    x[lane][3] = d[lane] + start[lane][3];
  }
}

// scryptBlockMix of `in` to `out`: `2 * r` blocks of four vectors. With `other` that is added to `in` first.
INLINE void mix(words *const in[], words *const other[], words *const out[], size_t r, const int lanes) {
  words x[2][4], with[2][4];
  for (size_t block = 0; block < 2 * r; block++) {
    const size_t from = 4 * block, last = 4 * (2 * r - 1), to = 4 * (block / 2 + (block % 2 ? r : 0));
    if (block == 0)
      EACH for (int i = 0; i < 4; i++) x[lane][i] = other ? in[lane][last + i] ^ other[lane][last + i] : in[lane][last + i];
    EACH for (int i = 0; i < 4; i++)
      with[lane][i] = other ? in[lane][from + i] ^ other[lane][from + i] : in[lane][from + i];
    salsa(x, with, lanes);
    EACH for (int i = 0; i < 4; i++) out[lane][to + i] = x[lane][i];
  }
}

// scryptROMix of blocks that lie at the begin of `all`, each with room for `n / 2 + 4`; the results' places come back in `all`.
// Only every second step is kept; the others are computed again where they are needed. That takes a quarter longer, which a second
// lane saves by far, and half of the memory.
INLINE void mix_all(words *all[], uint64_t n, uint64_t r, const int lanes) {
  const size_t vectors = 8 * r;
  words *kept[2], *spare[2], *current[2], *next[2], *other[2];
  EACH { kept[lane] = all[lane], spare[lane] = all[lane] + vectors * (n / 2 + 3); }
  for (uint64_t i = 0; i < n; i += 2) {
    mix(kept, NULL, spare, r, lanes);
    EACH next[lane] = kept[lane] + vectors;
    mix(spare, NULL, next, r, lanes);
    EACH kept[lane] = next[lane];
  }
  EACH { current[lane] = kept[lane], next[lane] = kept[lane] + vectors; }
  for (uint64_t i = 0; i < n; i++) {
    int odd = 0;
    EACH {
      const uint64_t j = current[lane][vectors - 4][0] & (n - 1);
      other[lane] = all[lane] + vectors * (j / 2);
      odd |= (int)(j & 1) << lane;
    }
    if (odd == (1 << lanes) - 1) mix(other, NULL, spare, r, lanes);
    else if (odd) mix(other + odd / 2, NULL, spare + odd / 2, r, 1);
    EACH other[lane] = odd >> lane & 1 ? spare[lane] : other[lane];
    mix(current, other, next, r, lanes);
    EACH {
      words *swap = current[lane];
      current[lane] = next[lane];
      next[lane] = swap;
    }
  }
  EACH all[lane] = current[lane];
}

// Newer processors turn words in one step. The loader takes what this one has.
#if defined(__x86_64__)
#define NEWEST __attribute__((target_clones("default", "arch=x86-64-v4")))
#else
#define NEWEST
#endif
NEWEST static void mix_one(words *all[], uint64_t n, uint64_t r) { mix_all(all, n, r, 1); }
NEWEST static void mix_two(words *all[], uint64_t n, uint64_t r) { mix_all(all, n, r, 2); }

// Where the word at a place among the diagonals lies in Salsa20's square.
static inline int place(int diagonal) { return (diagonal % 4 * 5 + diagonal / 4 * 4) % 16; }

static uint32_t load(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// Between the words of RFC 7914, which are little-endian, and diagonals.
static void to_diagonals(const uint8_t *block, uint32_t *text, size_t r) {
  for (size_t start = 0; start < 32 * r; start += 16)
    for (int i = 0; i < 16; i++) text[start + i] = load(block + 4 * (start + place(i)));
}

static void from_diagonals(const uint32_t *text, uint8_t *block, size_t r) {
  for (size_t start = 0; start < 32 * r; start += 16)
    for (int i = 0; i < 16; i++) {
      uint8_t *to = block + 4 * (start + place(i));
      for (int byte = 0; byte < 4; byte++) to[byte] = text[start + i] >> 8 * byte;
    }
}

int scrypt_mix_lanes(uint8_t *blocks, int lanes, uint64_t n, uint64_t r) {
  const size_t size = 128 * r;
  // What is kept, the block that is worked on, the next, and one that is computed again.
  const size_t length = size * (n / 2 + 4);
  words *memory = mmap(NULL, lanes * length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -1;
  madvise(memory, lanes * length, MADV_HUGEPAGE);  // fewer page faults; it works without

  words *all[2] = {memory, memory + length / sizeof(words)};
  EACH to_diagonals(blocks + lane * size, (uint32_t *)all[lane], r);
  if (lanes == 2) mix_two(all, n, r);
  else mix_one(all, n, r);
  EACH from_diagonals((uint32_t *)all[lane], blocks + lane * size, r);
  // The kernel clears pages before anybody else gets them.
  munmap(memory, lanes * length);
  return 0;
}
