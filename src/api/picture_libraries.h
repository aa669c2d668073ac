// Why: most servers never see a picture, and those that do see it late. libturbojpeg and libwebp are not linked in but
// loaded when the first picture needs them, so that neither start-up nor an idle server pays for them (about 0.4 ms and
// 0.5 MB).
// Thread: any; the first caller loads a library while the others wait. It is never unloaded.
// Source: the TurboJPEG API 2.1 and libwebp's decoder ABI 2; their own headers give the types, so that a wrong signature
// does not compile.
#pragma once

#include <turbojpeg.h>
#include <webp/decode.h>

#include "util/result.h"

namespace eai::api {

struct TurboJpeg {
  decltype(&::tjInitDecompress) init_decompress;
  decltype(&::tjInitCompress) init_compress;
  decltype(&::tjDecompress2) decompress;
  decltype(&::tjCompress2) compress;
  decltype(&::tjGetErrorCode) error_code;
  decltype(&::tjGetErrorStr2) error_text;
  decltype(&::tjFree) free;
  decltype(&::tjDestroy) destroy;
};

struct WebP {
  decltype(&::WebPGetFeaturesInternal) get_features;
  decltype(&::WebPInitDecoderConfigInternal) init_config;
  decltype(&::WebPDecode) decode;
};

// The loaded library. Code::unsupported, which says how to install it, when this machine has none.
Result<const TurboJpeg*> turbo_jpeg();
Result<const WebP*> webp();

}  // namespace eai::api
