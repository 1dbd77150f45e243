// Sees what Swift cannot import from nghttp2/nghttp2.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CNghttp2_SHIM_H
#define HOGLET_CNghttp2_SHIM_H
#include <nghttp2/nghttp2.h>
#endif
