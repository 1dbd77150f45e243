// Sees what Swift cannot import from openssl/evp.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CCrypto_SHIM_H
#define HOGLET_CCrypto_SHIM_H
// SHA1_Init and its like are marked deprecated since 3.0 in favour of EVP, which looks its algorithm up by name on each
// call and costs several times as much for a name of 60 bytes; they are not going away and Swift would refuse them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

// CRC-32C by the processor's own instruction; Swift has no intrinsic for it.

/// Whether this processor has the instruction.
static inline int hoglet_crc32c_supported(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2") != 0;
#elif defined(__aarch64__)
  return (getauxval(AT_HWCAP) & (1UL << 7)) != 0;  // HWCAP_CRC32
#else
  return 0;
#endif
}

// The instruction takes three cycles and a new one can begin in each, so three runs of bytes at once are three times as
// fast; their registers are joined by whoever asked (CRC32C.swift).
#define HOGLET_CRC32C_FEED_THREE(NEXT)                                                                       \
  uint64_t first = state, second = 0, third = 0;                                                             \
  const unsigned char *next = (const unsigned char *)bytes;                                                  \
  for (size_t left = count; left >= 8; left -= 8, next += 8) {                                               \
    uint64_t words[3];                                                                                       \
    memcpy(&words[0], next, 8), memcpy(&words[1], next + count, 8), memcpy(&words[2], next + 2 * count, 8);  \
    first = NEXT(first, words[0]), second = NEXT(second, words[1]), third = NEXT(third, words[2]);           \
  }                                                                                                          \
  registers[0] = (uint32_t)first, registers[1] = (uint32_t)second, registers[2] = (uint32_t)third;

/// Feeds `count` bytes into the register `state` (not inverted). Only where `hoglet_crc32c_supported()`.
#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static inline uint32_t hoglet_crc32c_feed(
    uint32_t state, const void *bytes, size_t count) {
  const unsigned char *next = (const unsigned char *)bytes;
  uint64_t wide = state;
  for (; count >= 8; count -= 8, next += 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  state = (uint32_t)wide;
  for (; count > 0; count--) state = __builtin_ia32_crc32qi(state, *next++);
  return state;
}
/// Feeds three runs of `count` bytes (a multiple of 8) that follow each other, the first into `state`, the others into 0.
__attribute__((target("sse4.2"))) static inline void hoglet_crc32c_feed_three(
    uint32_t state, const void *bytes, size_t count, uint32_t *registers) {
  HOGLET_CRC32C_FEED_THREE(__builtin_ia32_crc32di)
}
#elif defined(__aarch64__)
__attribute__((target("crc"))) static inline uint32_t hoglet_crc32c_feed(
    uint32_t state, const void *bytes, size_t count) {
  const unsigned char *next = (const unsigned char *)bytes;
  for (; count >= 8; count -= 8, next += 8) {
    uint64_t word;
    memcpy(&word, next, 8);
    state = __builtin_arm_crc32cd(state, word);
  }
  for (; count > 0; count--) state = __builtin_arm_crc32cb(state, *next++);
  return state;
}
__attribute__((target("crc"))) static inline void hoglet_crc32c_feed_three(
    uint32_t state, const void *bytes, size_t count, uint32_t *registers) {
  HOGLET_CRC32C_FEED_THREE(__builtin_arm_crc32cd)
}
#else
static inline uint32_t hoglet_crc32c_feed(uint32_t state, const void *bytes, size_t count) {
  (void)bytes, (void)count;
  return state;
}
static inline void hoglet_crc32c_feed_three(uint32_t state, const void *bytes, size_t count, uint32_t *registers) {
  (void)bytes, (void)count, registers[0] = state, registers[1] = registers[2] = 0;
}
#endif
#endif
