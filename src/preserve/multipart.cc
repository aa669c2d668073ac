#include "preserve/multipart.h"

#include <algorithm>
#include <random>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "util/text.h"

namespace eai::preserve {

Multipart multipart_file(const std::string& file_name, const Body& content) {
  // A boundary that the content cannot hold but by a chance of 2^-128.
  std::random_device random;
  Bytes noise(16);
  for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
  const std::string boundary = "eai-" + to_hex(noise);
  std::string told = file_name;
  std::replace(told.begin(), told.end(), '/', '-');
  auto bytes_of = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  Multipart out;
  out.body.add(bytes_of("--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                        url_escaped(told) + "\"\r\nContent-Type: application/octet-stream\r\n\r\n"));
  out.body.add(content);
  out.body.add(bytes_of("\r\n--" + boundary + "--\r\n"));
  out.header = {"Content-Type", "multipart/form-data; boundary=" + boundary};
  return out;
}

std::string url_escaped(std::string_view text) { return boost::urls::encode(text, boost::urls::unreserved_chars); }

}  // namespace eai::preserve
