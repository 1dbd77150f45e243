// Sees what Swift cannot import from lmdb.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CLMDB_SHIM_H
#define HOGLET_CLMDB_SHIM_H
#include <lmdb.h>
// glibc's knobs, which Swift's Glibc leaves out.
#include <malloc.h>
#endif
