// Why: libcurl brings some thirty libraries with it (about 5 ms of start-up and 4 MB of memory). Only a process that
// downloads should pay for that, so libcurl is not linked in but loaded when the first transfer is made.
// Thread: any; the first caller loads it while the others wait. It is never unloaded.
// Source: libcurl's C interface, ABI 4; its own header gives the types, so a wrong signature does not compile.
#pragma once

#include <curl/curl.h>

#include "util/result.h"

namespace eai::http {

struct CurlLibrary {
  decltype(&::curl_global_init) global_init;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_nextheader) easy_nextheader;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_wakeup) multi_wakeup;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_url) url;
  decltype(&::curl_url_set) url_set;
  decltype(&::curl_url_get) url_get;
  decltype(&::curl_url_cleanup) url_cleanup;
  decltype(&::curl_free) free;
};

// The loaded library. Code::unsupported, which says how to install it, when this machine has none or one older than
// 7.85.
Result<const CurlLibrary*> curl_library();

}  // namespace eai::http
