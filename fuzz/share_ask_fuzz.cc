// What a stranger asks of a share: path, query and headers, one per line. An ask that is taken is bounded, and its head
// has no byte that ends a header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/target.h"
#include "share/answer_head.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::string_view out = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(out.size() + 1, rest.size()));
    return std::string(out);
  };
  http::Incoming in;
  in.method = "GET";
  in.target = line();
  if (in.target.empty() || in.target.front() != '/') in.target.insert(0, "/ipfs/");
  http::make_canonical(in.target);
  for (const char* name : {"accept", "cache-control", "range", "if-none-match"}) in.headers.emplace_back(name, line());
  const auto range = share::read_range(in.header("range"), 1000);
  if (range.range.begin > range.range.end || range.range.end > 1000) std::abort();
  (void)share::names_tag(in.header("if-none-match"), "\"x\"");
  const auto ask = share::read_ask(in);
  if (!ask) {
    if (ask.error().status < 400 || ask.error().why.empty()) std::abort();
    return 0;
  }
  if (ask->path.size() > 32 || (ask->form == share::Form::record) != ask->name.has_value()) std::abort();
  std::size_t bytes = 0;
  for (const auto& [name, value] : share::head_of(*ask, {ask->root})) {
    for (const char each : value)
      if (static_cast<unsigned char>(each) < ' ' || each == '\x7f') std::abort();
    bytes += name.size() + value.size() + 4;
  }
  if (bytes > 2048) std::abort();
  return 0;
}
