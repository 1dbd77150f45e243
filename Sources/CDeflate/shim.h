// Sees what Swift cannot import from libdeflate.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CDeflate_SHIM_H
#define HOGLET_CDeflate_SHIM_H
#include <libdeflate.h>
#endif
