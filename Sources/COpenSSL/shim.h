// Sees what Swift cannot import from openssl/ssl.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_COpenSSL_SHIM_H
#define HOGLET_COpenSSL_SHIM_H
#include <openssl/ssl.h>
#endif
