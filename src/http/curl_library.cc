#include "http/curl_library.h"

#include <string>

#include <dlfcn.h>

// The header's type-checking macros stand in the way of taking the functions' names.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

namespace eai::http {
namespace {

#ifdef __APPLE__
constexpr const char* k_library_name = "libcurl.4.dylib";
#else
constexpr const char* k_library_name = "libcurl.so.4";
#endif

constexpr unsigned k_oldest = 0x075500;  // 7.85.0: CURLOPT_REDIR_PROTOCOLS_STR

Failure fail_load(const std::string& why) {
  return fail(Code::unsupported,
              "loading " + std::string(k_library_name) + ": " + why + "; install libcurl (Debian: libcurl4)");
}

template <typename Function>
bool find(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(::dlsym(library, name));
  return into != nullptr;
}

Result<CurlLibrary> load() {
  void* library = ::dlopen(k_library_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = ::dlerror();
    return fail_load(why != nullptr ? why : "not found");
  }
  CurlLibrary curl{};
  decltype(&::curl_version_info) version_info = nullptr;
  bool whole =
      find(library, "curl_version_info", version_info) && find(library, "curl_global_init", curl.global_init) &&
      find(library, "curl_easy_init", curl.easy_init) && find(library, "curl_easy_setopt", curl.easy_setopt) &&
      find(library, "curl_easy_getinfo", curl.easy_getinfo) &&
      find(library, "curl_easy_nextheader", curl.easy_nextheader) &&
      find(library, "curl_easy_cleanup", curl.easy_cleanup) &&
      find(library, "curl_easy_strerror", curl.easy_strerror) &&
      find(library, "curl_slist_append", curl.slist_append) &&
      find(library, "curl_slist_free_all", curl.slist_free_all) && find(library, "curl_multi_init", curl.multi_init) &&
      find(library, "curl_multi_setopt", curl.multi_setopt) &&
      find(library, "curl_multi_add_handle", curl.multi_add_handle) &&
      find(library, "curl_multi_remove_handle", curl.multi_remove_handle) &&
      find(library, "curl_multi_perform", curl.multi_perform) && find(library, "curl_multi_poll", curl.multi_poll) &&
      find(library, "curl_multi_wakeup", curl.multi_wakeup) &&
      find(library, "curl_multi_info_read", curl.multi_info_read) &&
      find(library, "curl_multi_cleanup", curl.multi_cleanup) && find(library, "curl_url", curl.url) &&
      find(library, "curl_url_set", curl.url_set) && find(library, "curl_url_get", curl.url_get) &&
      find(library, "curl_url_cleanup", curl.url_cleanup) && find(library, "curl_free", curl.free);
  if (!whole) return fail_load("it lacks a function that is needed");
  const auto* version = version_info(CURLVERSION_NOW);
  if (version->version_num < k_oldest) return fail_load("version " + std::string(version->version) + " is too old");
  if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return fail_load("it could not be started");
  return curl;
}

}  // namespace

Result<const CurlLibrary*> curl_library() {
  static const Result<CurlLibrary> library = load();
  if (!library) return Failure(library.error());
  return &*library;
}

}  // namespace eai::http
