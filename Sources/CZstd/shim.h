// Sees what Swift cannot import from zstd.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CZstd_SHIM_H
#define HOGLET_CZstd_SHIM_H
#include <zstd.h>
#include <zstd_errors.h>

// The two values are casts inside macros, which Swift does not import.
static inline unsigned long long hoglet_zstd_size_unknown(void) { return ZSTD_CONTENTSIZE_UNKNOWN; }
static inline unsigned long long hoglet_zstd_size_error(void) { return ZSTD_CONTENTSIZE_ERROR; }
#endif
