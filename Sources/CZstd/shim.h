// Sees what Swift cannot import from zstd.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CZstd_SHIM_H
#define HOGLET_CZstd_SHIM_H
#include <zstd.h>
#endif
