#include "http/content_coding.h"

#include <array>
#include <memory>
#include <vector>

#include <zlib.h>
#include <zstd.h>

#include "util/text.h"

namespace eai::http {
namespace {

constexpr std::size_t k_step = 64 * 1024;
constexpr std::size_t k_codings = 3;         // that are taken off one body
constexpr int k_zstd_window_bits = 23;       // 8 MiB
constexpr int k_any_frame = MAX_WBITS + 32;  // zlib's or gzip's, by the first bytes

Failure too_large(std::uint64_t limit) {
  return fail(Code::invalid, "the body is larger than " + std::to_string(limit) + " bytes after it was unpacked");
}

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Failure damaged(std::string_view coding) {
  return fail(Code::invalid, "the body is damaged: it is not what " + std::string(coding) + " makes");
}

// Inflates a body that is framed as `window_bits` says; nothing if it is not framed so.
Result<std::string> inflate_all(std::string_view body, int window_bits, std::string_view coding, std::uint64_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return fail(Code::io, "there is no memory to unpack the body");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  for (;;) {
    const std::size_t before = out.size();
    out.resize(before + k_step);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = k_step;
    const int step = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.size() > limit) return too_large(limit);
    if (step == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      // gzip allows several members, one after the other.
      if (window_bits != k_any_frame || inflateReset(&stream) != Z_OK) return damaged(coding);
      continue;
    }
    const bool stuck = stream.avail_in == 0 && stream.avail_out > 0;
    if ((step != Z_OK && step != Z_BUF_ERROR) || stuck) return damaged(coding);
  }
}

Result<std::string> unzstd(std::string_view body, std::uint64_t limit) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return fail(Code::io, "there is no memory to unpack the body");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, k_zstd_window_bits);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::string out;
  std::size_t wanted = 1;
  while (in.pos < in.size || wanted != 0) {
    const std::size_t before = out.size(), read = in.pos;
    out.resize(before + k_step);
    ZSTD_outBuffer to{out.data() + before, k_step, 0};
    wanted = ZSTD_decompressStream(context.get(), &to, &in);
    out.resize(before + to.pos);
    if (ZSTD_isError(wanted) != 0) return damaged("zstd");
    if (out.size() > limit) return too_large(limit);
    if (to.pos == 0 && in.pos == read) return damaged("zstd");  // it ends too early
  }
  return out;
}

Result<std::string> decode_one(std::string body, const std::string& coding, std::uint64_t limit) {
  if (coding.empty() || coding == "identity") return body;
  if (coding == "gzip" || coding == "x-gzip") return inflate_all(body, k_any_frame, coding, limit);
  if (coding == "zstd") return unzstd(body, limit);
  if (coding == "deflate") {
    auto framed = inflate_all(body, k_any_frame, coding, limit);
    if (framed || body.empty()) return framed;
    auto bare = inflate_all(body, -MAX_WBITS, coding, limit);  // as some clients understand "deflate"
    return bare ? bare : framed;
  }
  return fail(Code::invalid, "the body's coding '" + printable(coding, 40) +
                                 "' is unknown here; send it plain, or as gzip, deflate or zstd");
}

}  // namespace

Result<std::string> decode_content(std::string body, std::string_view codings, std::uint64_t limit) {
  if (codings.empty()) return body;
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin <= codings.size();) {
    const std::size_t end = std::min(codings.find(',', begin), codings.size());
    names.push_back(lower(trimmed(codings.substr(begin, end - begin))));
    begin = end + 1;
  }
  if (names.size() > k_codings) return fail(Code::invalid, "the body has too many codings");
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    EAI_TRY(body, decode_one(std::move(body), *name, limit));
  }
  return body;
}

}  // namespace eai::http
