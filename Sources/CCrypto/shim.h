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
#endif
