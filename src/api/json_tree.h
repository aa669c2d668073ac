// Why: a request's JSON as a tree that can be checked and changed before an engine sees it, whatever it is made of.
// Thread: any, one at a time per tree; parsing takes about 3 ms per MiB, so large bodies belong on the pool.
// What holds: a tree is at most k_max_depth deep and takes at most k_tree_limit bytes of memory. Of a key that stands
// twice in an object, the last value counts. What is written is always valid JSON in UTF-8.
// Source: RFC 8259. Half a surrogate pair (\ud83d alone) becomes U+FFFD, as other servers read it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::api {

inline constexpr std::size_t k_max_depth = 128;
inline constexpr std::size_t k_tree_limit = 256 * k_mib;

class JsonTree {
 public:
  JsonTree() = default;  // holds nothing until it is assigned

  // A byte order mark is skipped. Code::invalid: the text is not JSON, with the byte where that shows, or not an object, or too large.
  static Result<JsonTree> parse(std::string text);

  boost::json::object& root() { return value_->get_object(); }
  const boost::json::object& root() const { return value_->get_object(); }
  std::string text() const { return boost::json::serialize(*value_); }

 private:
  // The memory must outlive the value.
  std::unique_ptr<boost::json::memory_resource> memory_;
  std::optional<boost::json::value> value_;
};

}  // namespace eai::api
