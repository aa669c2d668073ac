#include "http/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace eai::http {
namespace {

constexpr std::uint64_t k_limit = 1'000'000;

std::string deflated(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string gzip(const std::string& text) { return deflated(text, MAX_WBITS + 16); }

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 19));
  return out;
}

const std::string k_text = [] {
  std::string out = "{\"messages\":[]}";
  for (int i = 0; i < 20'000; ++i) out += std::to_string(i * 7919);
  return out;
}();

TEST(ContentCoding, TakesOffWhatClientsPutOn) {
  EXPECT_EQ(decode_content(k_text, "", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(k_text, "identity", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(gzip(k_text), "gzip", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(gzip(k_text), " X-GZip ", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(gzip("a") + gzip("b"), "gzip", k_limit).value(), "ab");
  EXPECT_EQ(decode_content(deflated(k_text, MAX_WBITS), "deflate", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(deflated(k_text, -MAX_WBITS), "deflate", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(zstd(k_text), "zstd", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(zstd("a") + zstd("b"), "zstd", k_limit).value(), "ab");
  EXPECT_EQ(decode_content(zstd(gzip(k_text)), "gzip, zstd", k_limit).value(), k_text);
  EXPECT_EQ(decode_content(gzip(""), "gzip", k_limit).value(), "");
}

TEST(ContentCoding, RefusesWhatIsDamaged) {
  for (const std::string coding : {"gzip", "deflate", "zstd"}) {
    std::string body = coding == "gzip" ? gzip(k_text) : coding == "zstd" ? zstd(k_text) : deflated(k_text, MAX_WBITS);
    for (const std::string& bad : {std::string(), body.substr(0, 1), body.substr(0, body.size() / 2),
                                   body.substr(0, body.size() - 1), body + "x", std::string("{\"a\":1}")}) {
      const auto decoded = decode_content(bad, coding, k_limit);
      ASSERT_FALSE(decoded) << coding << " of " << bad.size() << " bytes";
      EXPECT_NE(decoded.error().message.find(coding), std::string::npos) << decoded.error().message;
    }
    body[body.size() / 2] = static_cast<char>(body[body.size() / 2] ^ 0x55);
    EXPECT_FALSE(decode_content(body, coding, k_limit).value_or("") == k_text) << coding;
  }
}

TEST(ContentCoding, NothingGrowsBeyondTheLimit) {
  const std::string zeros(64'000'000, '0');
  for (const auto& [body, coding] : {std::pair(gzip(zeros), "gzip"), std::pair(deflated(zeros, MAX_WBITS), "deflate"),
                                     std::pair(zstd(zeros), "zstd"), std::pair(gzip(gzip(zeros)), "gzip, gzip")}) {
    const auto decoded = decode_content(body, coding, k_limit);
    ASSERT_FALSE(decoded) << coding;
    EXPECT_NE(decoded.error().message.find("larger than 1000000 bytes"), std::string::npos) << decoded.error().message;
  }
  EXPECT_EQ(decode_content(gzip(std::string(k_limit, 'x')), "gzip", k_limit).value().size(), k_limit);
}

TEST(ContentCoding, RefusesWhatItDoesNotKnow) {
  for (const char* coding : {"br", "compress", "gzip;q=1", "aes128gcm", "identity, br"}) {
    const auto decoded = decode_content(k_text, coding, k_limit);
    ASSERT_FALSE(decoded) << coding;
    EXPECT_NE(decoded.error().message.find("gzip, deflate or zstd"), std::string::npos) << decoded.error().message;
  }
  EXPECT_FALSE(decode_content(gzip(gzip(gzip(gzip("a")))), "gzip,gzip,gzip,gzip", k_limit));
}

}  // namespace
}  // namespace eai::http
