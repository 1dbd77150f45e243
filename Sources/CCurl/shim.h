// Sees what Swift cannot import from curl/curl.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CCurl_SHIM_H
#define HOGLET_CCurl_SHIM_H
#include <curl/curl.h>
#endif
