// The JSON of requests: what is accepted is well formed, and the address of every picture that must be replaced is
// found at its place.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <boost/json.hpp>

#include "api/body_scan.h"
#include "api/usage.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::api;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Usage usage;
  read_usage(text, usage);
  const auto facts = scan_body(text);
  if (!facts) return 0;
  const auto literals = find_literals(text, facts->spots);
  if (literals.size() != facts->spots.size()) std::abort();
  for (std::size_t i = 0; i < literals.size(); ++i) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(literals[i], error);
    if (error || !value.is_string()) std::abort();
    std::string scheme(value.get_string().subview(0, 4));
    for (char& c : scheme)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    if (facts->spots[i].remote && scheme != "http") std::abort();
  }
  return 0;
}
