// Sees what Swift cannot import from curl/curl.h: macros and variadic calls become typed inlines here, nothing else.
#ifndef HOGLET_CCurl_SHIM_H
#define HOGLET_CCurl_SHIM_H
#include <curl/curl.h>

// CURL_GLOBAL_DEFAULT is a macro of macros.
static inline CURLcode hoglet_curl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

// curl_easy_setopt is variadic: one inline for each type of argument it takes.
static inline CURLcode hoglet_curl_set_long(CURL *easy, CURLoption option, long value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hoglet_curl_set_size(CURL *easy, CURLoption option, curl_off_t value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hoglet_curl_set_string(CURL *easy, CURLoption option, const char *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hoglet_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
  return curl_easy_setopt(easy, option, value);
}
static inline CURLcode hoglet_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *list) {
  return curl_easy_setopt(easy, option, list);
}
typedef size_t (*hoglet_curl_receive)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode hoglet_curl_set_callback(CURL *easy, CURLoption option, hoglet_curl_receive callback) {
  return curl_easy_setopt(easy, option, callback);
}

// curl_easy_getinfo and curl_multi_setopt are variadic too.
static inline CURLcode hoglet_curl_get_long(CURL *easy, CURLINFO info, long *value) {
  return curl_easy_getinfo(easy, info, value);
}
static inline CURLMcode hoglet_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
  return curl_multi_setopt(multi, option, value);
}
#endif
