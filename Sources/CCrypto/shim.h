// Sees what Swift cannot import from openssl/evp.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CCrypto_SHIM_H
#define HOGLET_CCrypto_SHIM_H
#include <openssl/evp.h>
#endif
