#include "api/picture_libraries.h"

#include <string>

#include <dlfcn.h>

namespace eai::api {
namespace {

#ifdef __APPLE__
constexpr const char* k_turbo_jpeg = "libturbojpeg.0.dylib";
constexpr const char* k_webp = "libwebp.7.dylib";
#else
constexpr const char* k_turbo_jpeg = "libturbojpeg.so.0";
constexpr const char* k_webp = "libwebp.so.7";
#endif

Failure fail_load(const char* name, const char* package, const std::string& why) {
  return fail(Code::unsupported,
              "loading " + std::string(name) + ": " + why + "; install it (Debian: " + package + ")");
}

template <typename Function>
bool find(void* library, const char* name, Function& into) {
  into = reinterpret_cast<Function>(::dlsym(library, name));
  return into != nullptr;
}

Result<void*> open(const char* name, const char* package) {
  void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
  if (library != nullptr) return library;
  const char* why = ::dlerror();
  return fail_load(name, package, why != nullptr ? why : "not found");
}

Result<TurboJpeg> load_turbo_jpeg() {
  EAI_TRY(void* library, open(k_turbo_jpeg, "libturbojpeg0"));
  TurboJpeg out{};
  const bool whole =
      find(library, "tjInitDecompress", out.init_decompress) && find(library, "tjInitCompress", out.init_compress) &&
      find(library, "tjDecompress2", out.decompress) && find(library, "tjCompress2", out.compress) &&
      find(library, "tjGetErrorCode", out.error_code) && find(library, "tjGetErrorStr2", out.error_text) &&
      find(library, "tjFree", out.free) && find(library, "tjDestroy", out.destroy);
  if (!whole) return fail_load(k_turbo_jpeg, "libturbojpeg0", "it lacks a function that is needed");
  return out;
}

Result<WebP> load_webp() {
  EAI_TRY(void* library, open(k_webp, "libwebp7"));
  WebP out{};
  const bool whole = find(library, "WebPGetFeaturesInternal", out.get_features) &&
                     find(library, "WebPInitDecoderConfigInternal", out.init_config) &&
                     find(library, "WebPDecode", out.decode);
  if (!whole) return fail_load(k_webp, "libwebp7", "it lacks a function that is needed");
  return out;
}

}  // namespace

Result<const TurboJpeg*> turbo_jpeg() {
  static const Result<TurboJpeg> library = load_turbo_jpeg();
  if (!library) return Failure(library.error());
  return &*library;
}

Result<const WebP*> webp() {
  static const Result<WebP> library = load_webp();
  if (!library) return Failure(library.error());
  return &*library;
}

}  // namespace eai::api
